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

  /** Whose desk this is: a facility's, a sub-district's, else the district's. */
  function desk(): string {
    const own = me.scope.startsWith('site:') ? district.sites.find((it) => it.code === me.scope.slice(5)) : areas.get(me.scope)
    return name(own ?? district)
  }

  return { area, site, inside, desk }
}
