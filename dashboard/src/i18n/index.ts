/** Both languages, flat keys; the choice is remembered. A missing key shows itself, and says so in development. */

import { createI18n } from 'vue-i18n'
import { devices as enDevices } from './en/devices'
import { ended as enEnded } from './en/ended'
import { fire as enFire } from './en/fire'
import { playbook as enPlaybook } from './en/playbook'
import { safety as enSafety } from './en/safety'
import { story as enStory } from './en/story'
import { system as enSystem } from './en/system'
import { ui as enUi } from './en/ui'
import { words as enWords } from './en/words'
import { devices as zhDevices } from './zh/devices'
import { ended as zhEnded } from './zh/ended'
import { fire as zhFire } from './zh/fire'
import { playbook as zhPlaybook } from './zh/playbook'
import { safety as zhSafety } from './zh/safety'
import { story as zhStory } from './zh/story'
import { system as zhSystem } from './zh/system'
import { ui as zhUi } from './zh/ui'
import { words as zhWords } from './zh/words'

export type Locale = 'zh' | 'en'

export const MESSAGES: Record<Locale, Record<string, string>> = {
  zh: { ...zhUi, ...zhWords, ...zhStory, ...zhSystem, ...zhDevices, ...zhSafety, ...zhFire, ...zhPlaybook, ...zhEnded },
  en: { ...enUi, ...enWords, ...enStory, ...enSystem, ...enDevices, ...enSafety, ...enFire, ...enPlaybook, ...enEnded },
}

const REMEMBERED = 'vigil.language'
export const TAG: Record<Locale, string> = { zh: 'zh-CN', en: 'en' }

export function remembered(storage: Pick<Storage, 'getItem'> | undefined): Locale {
  return storage?.getItem(REMEMBERED) === 'en' ? 'en' : 'zh'
}

export const i18n = createI18n({
  legacy: false,
  locale: remembered(globalThis.localStorage),
  fallbackLocale: 'zh',
  messages: MESSAGES,
  messageResolver: (messages, key) => (messages as Record<string, string>)[key] ?? null,
  missingWarn: false,
  fallbackWarn: false,
  missing: (_locale, key) => (import.meta.env?.DEV ? `⟦${key}⟧` : key),
})

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  globalThis.localStorage?.setItem(REMEMBERED, locale)
  document.documentElement.lang = TAG[locale]
}
