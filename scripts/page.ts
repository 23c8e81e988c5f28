import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildFile, bundlePage, PACKED_PAGE, PAGE_SOURCES, PLAYER_PACKAGES } from '../src/bin/page-files.ts'
import { PLAYER_NAMES } from '../src/domain/player-choice.ts'

/** Puts the player page where the packed package has it. */
await mkdir(PACKED_PAGE, { recursive: true })
for (const name of ['main', 'headless'] as const) {
  await writeFile(join(PACKED_PAGE, `${name}.js`), await bundlePage(name))
}
for (const name of ['page.html', 'page.css']) await copyFile(join(PAGE_SOURCES, name), join(PACKED_PAGE, name))
for (const name of PLAYER_NAMES) {
  const { package: packageName } = PLAYER_PACKAGES[name]
  await copyFile(buildFile(name), join(PACKED_PAGE, `${name}.js`))
  const licence = join(import.meta.dirname, '..', 'node_modules', packageName, 'LICENSE')
  await copyFile(licence, join(PACKED_PAGE, `LICENSE-${packageName}.txt`))
}
