import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const OUT = join(import.meta.dirname, '../openlines_console/static')

export default defineConfig({
  base: '/console/',
  plugins: [react(), compressed()],
  build: { target: 'es2022', outDir: OUT, emptyOutDir: true, manifest: true, assetsInlineLimit: 0 },
  server: {
    fs: { allow: ['.', '../../web'] },
    proxy: { '/api': { target: 'http://127.0.0.1:8080', ws: true } },
  },
})

/** Puts `.gz` and `.br` beside every script and style, so that the hub compresses nothing while it runs. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      const assets = join(OUT, 'assets')
      for (const name of readdirSync(assets).filter((name) => /\.(js|css|svg)$/.test(name))) {
        const bytes = readFileSync(join(assets, name))
        writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }))
        writeFileSync(
          join(assets, `${name}.br`),
          brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
        )
      }
    },
  }
}
