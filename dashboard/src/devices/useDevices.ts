/** Reads the devices page every half minute while it is looked at, and finds any device by a part of its code. */

import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { Device, DeviceOverview, Firmware, Refusal } from '../api/types'
import { useStore } from '../live/store'
import { EVERYTHING } from './filter'

const EVERY_MS = 30_000
const TYPING_MS = 300
const SHORTEST = 3

export function useDevices() {
  const store = useStore()
  const page = shallowRef<DeviceOverview | null>(null)
  const firmware = shallowRef<Firmware[]>([])
  const refusals = shallowRef<Refusal[]>([])
  const found = shallowRef<Device[] | null>(null)
  const refused = shallowRef<Refused | null>(null)
  const filter = ref({ ...EVERYTHING })
  let timer: ReturnType<typeof setTimeout> | undefined
  let typing: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      refused.value = null
    } catch (fault) {
      refused.value = refusal(fault)
    }
  }

  async function read(): Promise<void> {
    await attempt(async () => {
      page.value = await api.deviceOverview()
      firmware.value = await api.firmware()
      if (store.me.role === 'admin') refusals.value = await api.refusals()
    })
    if (!over) timer = setTimeout(read, EVERY_MS)
  }
  void read()

  /** What is found for what stood there before is not shown for what stands there now. */
  async function find(code: string): Promise<void> {
    const list = await api.devices(code)
    if (code === filter.value.code.trim()) found.value = list
  }

  watch(() => filter.value.code.trim(), (code) => {
    clearTimeout(typing)
    if (code.length < SHORTEST) found.value = null
    else typing = setTimeout(() => void attempt(() => find(code)), TYPING_MS)
  })
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
    clearTimeout(typing)
  })
  return { page, firmware, refusals, found, refused, filter }
}
