/** Ids that the page draws for what it sends, so that what is sent twice is done once. */

/** crypto.randomUUID is only there over HTTPS. */
export function drawn(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = [...b].map((it) => it.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** For one box: what is sent from it again in the same words has the id that it had. */
export function createIds(): (words: string) => string {
  let sent: { words: string; id: string } | null = null
  return (words) => {
    if (sent?.words !== words) sent = { words, id: drawn() }
    return sent.id
  }
}
