/** Draws what the map needs as images, on demand and offline: squares, responders with their initial, words. */

import { C } from './colours'

const RATIO = 2
const SANS = "'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif"

export interface Drawing { data: ImageData; pixelRatio: number }

/** The image of an id as the style asks for it: `square`, `who:<look>:<initial>`, `area:<name>`, `site:<name>`. */
export function drawing(id: string): Drawing | null {
  const [what = '', rest = '', initial = ''] = split(id)
  if (what === 'square') return square()
  if (what === 'who') return responder(rest, initial)
  if (what === 'area') return words(rest, 13, 500, C.label)
  if (what === 'site') return words(rest, 12, 400, C.institution)
  return null
}

function split(id: string): string[] {
  const [what = '', ...rest] = id.split(':')
  return what === 'who' ? [what, rest[0] ?? '', rest.slice(1).join(':')] : [what, rest.join(':')]
}

function paint(width: number, height: number, draw: (it: CanvasRenderingContext2D) => void): Drawing | null {
  const canvas = document.createElement('canvas')
  canvas.width = Math.ceil(width * RATIO)
  canvas.height = Math.ceil(height * RATIO)
  const it = canvas.getContext('2d')
  if (!it) return null
  it.scale(RATIO, RATIO)
  draw(it)
  return { data: it.getImageData(0, 0, canvas.width, canvas.height), pixelRatio: RATIO }
}

function square(): Drawing | null {
  return paint(11, 11, (it) => {
    it.fillStyle = C.ground
    it.beginPath()
    it.roundRect(0, 0, 11, 11, 2.5)
    it.fill()
    it.fillStyle = C.institution
    it.beginPath()
    it.roundRect(1.5, 1.5, 8, 8, 1.5)
    it.fill()
  })
}

/** free: a teal ring; sent: whole teal; busy: grey ring. */
function responder(look: string, initial: string): Drawing | null {
  const size = 30
  return paint(size, size, (it) => {
    const colour = look === 'busy' ? C.busy : C.calm
    it.beginPath()
    it.arc(size / 2, size / 2, 12.5, 0, 2 * Math.PI)
    it.fillStyle = look === 'sent' ? C.calm : C.ground
    it.fill()
    it.lineWidth = look === 'sent' ? 2.4 : 1.8
    it.strokeStyle = colour
    it.stroke()
    it.fillStyle = look === 'sent' ? C.calmInk : look === 'busy' ? C.label : '#e8eef3'
    it.font = `600 13px ${SANS}`
    it.textAlign = 'center'
    it.textBaseline = 'middle'
    it.fillText(initial, size / 2, size / 2 + 0.8)
  })
}

function words(text: string, px: number, weight: number, colour: string): Drawing | null {
  const font = `${weight} ${px}px ${SANS}`
  const ruler = document.createElement('canvas').getContext('2d')
  if (!ruler || !text) return null
  ruler.font = font
  return paint(ruler.measureText(text).width + 8, px + 8, (it) => {
    it.font = font
    it.textBaseline = 'middle'
    it.lineJoin = 'round'
    it.lineWidth = 3.5
    it.strokeStyle = `${C.ground}d0`
    it.strokeText(text, 4, (px + 8) / 2)
    it.fillStyle = colour
    it.fillText(text, 4, (px + 8) / 2)
  })
}
