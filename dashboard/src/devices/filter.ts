/** Which devices and people of the page are meant by the filters. Pure. */

export type Filter = { area: string; site: string; profile: string; code: string }
export const EVERYTHING: Filter = { area: '', site: '', profile: '', code: '' }

type Placed = { area: string; site: string }

export const inPlace = (it: Placed, f: Filter): boolean => it.area.startsWith(f.area) && (!f.site || it.site === f.site)

export function wantedDevice(it: Placed & { code: string; profile: string }, f: Filter): boolean {
  return inPlace(it, f) && (!f.profile || it.profile === f.profile) && it.code.includes(f.code.trim().toLowerCase())
}

export function wantedPerson(it: { site: { code: string; area: string }; devices: string[] }, f: Filter): boolean {
  const code = f.code.trim().toLowerCase()
  return inPlace({ area: it.site.area, site: it.site.code }, f) && (!code || it.devices.some((one) => one.includes(code)))
}
