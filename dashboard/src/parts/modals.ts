/** How many dialogs lie over the page, whoever opened them: beneath them nothing is moved away. */

import { ref } from 'vue'

export const modals = ref(0)
