/** Which institution and criterion is looked at: /safety, /safety/inst03, /safety/inst03/exits. The address says it, Back leaves it. */

import { onScopeDispose, ref } from 'vue'

export type Place = { site: string; criterion: string }

export function placeOf(path: string): Place {
  const [, page, site = '', criterion = ''] = path.split('/')
  return page === 'safety' ? { site: decodeURIComponent(site), criterion: decodeURIComponent(criterion) } : { site: '', criterion: '' }
}

export const pathOf = (place: Place): string => ['/safety', place.site, place.site && place.criterion].filter(Boolean).map((it, i) => (i ? encodeURIComponent(it!) : it)).join('/')

export function usePlace() {
  const place = ref<Place>(placeOf(location.pathname))
  const follow = () => { place.value = placeOf(location.pathname) }
  addEventListener('popstate', follow)
  onScopeDispose(() => removeEventListener('popstate', follow))

  /** Another institution is a step in the history, another criterion of the same one is not. */
  function go(site: string, criterion = ''): void {
    const next = { site, criterion }
    const same = place.value.site === site
    history[same ? 'replaceState' : 'pushState'](null, '', pathOf(next))
    place.value = next
  }
  return { place, go }
}
