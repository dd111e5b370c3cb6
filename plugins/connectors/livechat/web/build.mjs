// Builds what browsers load into the folder given as the first argument: `loader.js`, one script for the site, and
// `app/`, the chat's own page. Run by ../build_web.py.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = dirname(fileURLToPath(import.meta.url))
const out = resolve(process.argv[2] ?? join(root, '../openlines_livechat/static'))
const common = { root, configFile: false, logLevel: 'warn', publicDir: false, oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } } }

// Vite wraps each lazy import in a loader of styles, half a kilobyte of it; ours have no styles of their own.
const plainImports = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load()' : null),
}

await rm(out, { recursive: true, force: true })

await build({
  ...common,
  build: {
    target: 'es2022',
    outDir: out,
    emptyOutDir: false,
    lib: { entry: join(root, 'loader/loader.ts'), formats: ['iife'], name: 'openlinesLoader', fileName: () => 'loader.js' },
  },
})

await build({
  ...common,
  base: './',
  plugins: [plainImports],
  build: { target: 'es2022', outDir: join(out, 'app'), emptyOutDir: true, modulePreload: false, assetsInlineLimit: 0, cssCodeSplit: false },
})

for (const [file, marks] of [['loader.js', 1], ['app/index.html', 1]]) {
  const text = await readFile(join(out, file), 'utf8')
  const found = text.split('__OPENLINES_CONFIG__').length - 1
  if (found < marks) throw new Error(`${file}: the place for the channel's settings is gone`)
}

// What is compiled in is handed on with its licence.
const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const notices = await Promise.all(
  Object.entries(dependencies).map(async ([name, version]) => `${name} ${version}\n\n${await readFile(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`),
)
await writeFile(join(out, 'THIRD-PARTY-NOTICES.txt'), notices.join('\n\n'))

// Packed once here, so that no server packs them at each request.
const assets = join(out, 'app/assets')
for (const name of await readdir(assets)) {
  const bytes = await readFile(join(assets, name))
  await writeFile(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  await writeFile(join(assets, `${name}.br`), brotliCompressSync(bytes))
}
