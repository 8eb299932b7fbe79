/** The page begins here. */
import { createApp } from 'vue'
import App from './App.vue'
import { i18n, setLocale } from './i18n'
import './styles/tokens.css'
import './styles/base.css'

setLocale(i18n.global.locale.value as 'zh' | 'en')
createApp(App).use(i18n).mount('#app')
