/** MapLibre behind a small front: sets sources, switches layers, moves. Throws when there is no WebGL. */

import { type GeoJSONSource, Map as MapLibre, setWorkerUrl } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import type { FeatureCollection } from 'geojson'
import type { Point } from '../api/types'
import type { Bounds } from './features'
import { drawing } from './icons'
import { style, TOGGLES } from './style'

setWorkerUrl(workerUrl)

export interface Handlers {
  moved: () => void
  responder: (code: string | null) => void
  site: (code: string) => void
  lost: () => void
}

export class Canvas {
  private readonly map: MapLibre
  private readonly waiting = new Map<string, FeatureCollection>()
  private loaded = false

  constructor(container: HTMLElement, bounds: Bounds | null, private readonly handlers: Handlers) {
    this.map = new MapLibre({
      container, style: style(), attributionControl: false, keyboard: false, dragRotate: false, pitchWithRotate: false,
      touchPitch: false, minZoom: 10, maxZoom: 18, fadeDuration: 0, ...(bounds ? { bounds, fitBoundsOptions: { padding: PADDING } } : {}),
    })
    this.map.touchZoomRotate.disableRotation()
    this.map.setMissingStyleImageResolver((id: string) => this.image(id))
    this.map.on('load', () => this.ready())
    this.map.on('move', handlers.moved)
    this.map.on('resize', handlers.moved)
    this.map.on('webglcontextlost', handlers.lost)
    this.pointing()
  }

  set(source: string, data: FeatureCollection): void {
    if (this.loaded) this.map.getSource<GeoJSONSource>(source)?.setData(data)
    else this.waiting.set(source, data)
  }

  show(toggle: string, visible: boolean): void {
    for (const layer of TOGGLES[toggle] ?? []) this.map.setLayoutProperty(layer, 'visibility', visible ? 'visible' : 'none')
  }

  fit(bounds: Bounds, animate: boolean): void {
    this.map.fitBounds(bounds, { padding: PADDING, maxZoom: 15.5, duration: animate ? 700 : 0 })
  }

  fly(to: Point): void {
    this.map.easeTo({ center: to, zoom: Math.max(this.map.getZoom(), 14.6), duration: 700 })
  }

  /** Bring a place into view by the shortest way, without zooming, and only when it is out of it. */
  reveal(to: Point): void {
    const { x, y } = this.map.project(to)
    const { clientWidth: w, clientHeight: h } = this.map.getContainer()
    const past = (at: number, size: number) => (at < EDGE ? at - EDGE : at > size - EDGE ? at - size + EDGE : 0)
    if (x < 0 || y < 0 || x > w || y > h) this.map.panBy([past(x, w), past(y, h)], { duration: 500 })
  }

  project(place: Point): { x: number; y: number } {
    return this.map.project(place)
  }

  remove(): void {
    this.map.remove()
  }

  private ready(): void {
    this.loaded = true
    for (const [source, data] of this.waiting) this.set(source, data)
    this.waiting.clear()
    this.handlers.moved()
  }

  private image(id: string): void {
    const made = drawing(id)
    if (made && !this.map.hasImage(id)) this.map.addImage(id, made.data, { pixelRatio: made.pixelRatio })
  }

  private pointing(): void {
    const { map } = this
    map.on('click', (event) => {
      const [hit] = map.queryRenderedFeatures(event.point, { layers: ['responders'] })
      this.handlers.responder(hit ? String(hit.properties['code']) : null)
    })
    for (const layer of ['responders']) {
      map.on('mouseenter', layer, () => { map.getCanvas().style.cursor = 'pointer' })
      map.on('mouseleave', layer, () => { map.getCanvas().style.cursor = '' })
    }
  }
}

/** How far inside the frame a revealed place shall stand. */
const EDGE = 90
const PADDING = { top: 40, bottom: 70, left: 28, right: 28 }
