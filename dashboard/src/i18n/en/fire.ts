/** Fire and gas: what to do first, zones in their order, whom to bring out. */

export const fire: Record<string, string> = {
  'trail.brought_out': '{who}: brought out, {senior}',
  'trail.not_out': '{who}: not out yet after all, {senior}',
}
