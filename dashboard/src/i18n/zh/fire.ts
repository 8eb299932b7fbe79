/** 火情与燃气：先做什么、各区先后、谁先撤。 */

export const fire: Record<string, string> = {
  'trail.brought_out': '{who} 记录已撤出：{senior}',
  'trail.not_out': '{who} 更正，尚未撤出：{senior}',
}
