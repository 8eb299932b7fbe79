import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const api = process.env['VIGIL_API'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: false, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: { target: 'es2022', chunkSizeWarningLimit: 1600 },
  server: { host: '127.0.0.1', proxy: { '/api/live': { target: api, ws: true }, '/api': { target: api } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
