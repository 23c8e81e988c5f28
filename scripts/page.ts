import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundlePage, PACKED_PAGE, PAGE_SOURCES, shakaBuild } from '../src/bin/page-files.ts'

/** Puts the player page where the packed package has it. */
await mkdir(PACKED_PAGE, { recursive: true })
for (const name of ['main', 'headless'] as const) {
  await writeFile(join(PACKED_PAGE, `${name}.js`), await bundlePage(name))
}
for (const name of ['page.html', 'page.css']) await copyFile(join(PAGE_SOURCES, name), join(PACKED_PAGE, name))
await copyFile(shakaBuild(), join(PACKED_PAGE, 'shaka.js'))
const licence = join(import.meta.dirname, '..', 'node_modules', 'shaka-player', 'LICENSE')
await copyFile(licence, join(PACKED_PAGE, 'LICENSE-shaka-player.txt'))
