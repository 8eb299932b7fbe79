/** Plays bursts with WebAudio. A browser keeps it silent until the first gesture; `ready` says whether it may be heard. */

import { BURSTS, lasts } from './bursts'
import type { Voice } from './schedule'

export class Player {
  /** `changed`: it can be heard now, or not any more: a browser may take the sound away, after a sleep or with the loudspeaker. */
  constructor(private readonly changed: (ready: boolean) => void = () => undefined) {}

  private context: AudioContext | null = null
  private busyUntil = 0

  get ready(): boolean {
    return this.context?.state === 'running'
  }

  /** To be called from a gesture. */
  async unlock(): Promise<boolean> {
    if (typeof AudioContext === 'undefined') return false
    if (!this.context) {
      this.context = new AudioContext()
      this.context.onstatechange = () => this.changed(this.ready)
    }
    await this.context.resume().catch(() => undefined)
    return this.ready
  }

  close(): void {
    if (!this.context) return
    this.context.onstatechange = null
    void this.context.close().catch(() => undefined)
    this.context = null
  }

  /** Plays after what is sounding now, so that two bursts are never mixed. */
  play(voice: Voice): void {
    const context = this.context
    if (!context || context.state !== 'running') return
    const burst = BURSTS[voice]
    const start = Math.max(context.currentTime, this.busyUntil) + 0.02
    for (const pulse of burst.pulses) this.pulse(context, burst.wave, burst.gain, start + pulse.at, pulse.length, pulse.hz)
    this.busyUntil = start + lasts(burst)
  }

  private pulse(context: AudioContext, wave: OscillatorType, gain: number, at: number, length: number, hz: number): void {
    const oscillator = new OscillatorNode(context, { type: wave, frequency: hz })
    const envelope = new GainNode(context, { gain: 0 })
    const edge = Math.min(0.02, length / 4)
    envelope.gain.setValueAtTime(0, at)
    envelope.gain.linearRampToValueAtTime(gain, at + edge)
    envelope.gain.setValueAtTime(gain, at + length - edge)
    envelope.gain.linearRampToValueAtTime(0, at + length)
    oscillator.connect(envelope).connect(context.destination)
    oscillator.start(at)
    oscillator.stop(at + length + 0.01)
  }
}
