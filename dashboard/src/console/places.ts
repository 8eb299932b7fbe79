/** Names of areas and sites as short as they can be said. */

import type { IncidentCard, SiteBrief } from '../api/types'
import { useWords } from '../format/words'
import { useStore } from '../live/store'

export function usePlaces() {
  const { district, me } = useStore()
  const { name, locale } = useWords()
  const areas = new Map(district.areas.map((area) => [area.code, area]))

  const area = (code: string) => name(areas.get(code)).replace(/街道$/, '')
  const site = (it: SiteBrief) => (it.kind === 'home' && locale.value !== 'en' ? name(it) || it.address : name(it))

  /** The zone inside the site; a home's rooms say little and are left out for its own people. */
  const inside = (card: IncidentCard) => (card.zone && card.site.kind !== 'home' ? name(card.zone) : '')

  /** The street address, with the area before it unless it begins with it. */
  function address(it: SiteBrief): string {
    const street = locale.value === 'en' && it.kind === 'home' ? name(it) : it.address || name(it)
    return street.startsWith(area(it.area)) ? street : `${area(it.area)} · ${street}`
  }

  /** Whose desk this is: a facility's, a sub-district's, else the district's. */
  function desk(): string {
    const own = me.scope.startsWith('site:') ? district.sites.find((it) => it.code === me.scope.slice(5)) : areas.get(me.scope)
    return name(own ?? district)
  }

  return { area, site, address, inside, desk }
}
