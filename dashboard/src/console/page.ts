/** Which page of the console is looked at: the address says it, so that it can be linked, reloaded and left by Back. */

import { onScopeDispose, ref } from 'vue'

export type Page = 'desk' | 'system' | 'devices' | 'safety'

export const pageOf = (path: string): Page => (path === '/system' ? 'system' : path === '/devices' ? 'devices' : path.split('/')[1] === 'safety' ? 'safety' : 'desk')

export function usePage() {
  const page = ref<Page>(pageOf(location.pathname))
  const follow = () => { page.value = pageOf(location.pathname) }
  addEventListener('popstate', follow)
  onScopeDispose(() => removeEventListener('popstate', follow))

  function go(to: Page): void {
    if (to === page.value) return
    history.pushState(null, '', to === 'desk' ? '/' : `/${to}`)
    page.value = to
  }
  return { page, go }
}
