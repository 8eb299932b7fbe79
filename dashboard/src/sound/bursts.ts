/**
 * The waves of each voice as data. Pure.
 *
 * high, medium, low after IEC 60601-1-8 (10, 3 and 1 pulses); fire is the evacuation signal of ISO 8201 (three long tones at
 * 520 Hz, the pitch that wakes people with hearing loss); gas the four quick pulses of UL 2034; lost falls, as a call that fails.
 */

import type { Voice } from './schedule'

export interface Pulse { readonly at: number; readonly length: number; readonly hz: number }
export interface Burst { readonly pulses: readonly Pulse[]; readonly gain: number; readonly wave: OscillatorType }

function train(starts: readonly number[], length: number, hz: readonly number[]): Pulse[] {
  return starts.map((at, i) => ({ at, length, hz: hz[i % hz.length]! }))
}

// c e g – g C, twice, with the longer gaps between the third and the fourth pulse and between the two halves
const HIGH_HALF = [0, 0.2, 0.4, 0.75, 0.95]
const HIGH_NOTES = [523.25, 659.25, 783.99, 783.99, 1046.5]

export const BURSTS: Record<Voice, Burst> = {
  fire: { pulses: train([0, 1, 2], 0.5, [520]), gain: 0.5, wave: 'square' },
  gas: { pulses: train([0, 0.2, 0.4, 0.6], 0.1, [1200]), gain: 0.4, wave: 'square' },
  high: { pulses: train([...HIGH_HALF, ...HIGH_HALF.map((at) => at + 1.65)], 0.14, HIGH_NOTES), gain: 0.5, wave: 'triangle' },
  medium: { pulses: train([0, 0.25, 0.5], 0.18, [523.25, 659.25, 523.25]), gain: 0.35, wave: 'triangle' },
  low: { pulses: train([0], 0.25, [440]), gain: 0.25, wave: 'sine' },
  lost: { pulses: train([0, 0.35, 0.7], 0.3, [660, 520, 390]), gain: 0.45, wave: 'sawtooth' },
}

export function lasts(burst: Burst): number {
  return Math.max(...burst.pulses.map((pulse) => pulse.at + pulse.length))
}
