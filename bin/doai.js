#!/usr/bin/env node
// Finds a Node that doai runs on, and hands over to it. Plain enough for the old Node that it may be started with.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = 24
const self = fileURLToPath(import.meta.url)
const root = dirname(dirname(self))

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // A clone runs its sources as they are; the packed package carries compiled JavaScript.
  const source = join(root, 'src', 'bin', 'doai.ts')
  await import(pathToFileURL(existsSync(source) ? source : join(root, 'dist', 'bin', 'doai.js')).href)
} else {
  const node = bundledNode()
  if (node) runWith(node)
  else {
    console.error(
      `doai needs Node ${NEEDED} or newer, and this is Node ${process.versions.node}: install Node ${NEEDED} and run it again.`,
    )
    process.exitCode = 1
  }
}

/** In a clone, npm has installed the right Node as a development dependency. */
function bundledNode() {
  const { platform, arch } = process
  const name = platform === 'win32' ? 'win' : platform
  return [`node-${name}-${arch}`, `node-bin-${name}-${arch}`]
    .flatMap((folder) => [
      join(root, 'node_modules', folder, 'bin', 'node'),
      join(root, 'node_modules', folder, 'bin', 'node.exe'),
    ])
    .find((file) => existsSync(file))
}

function runWith(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1
  })
}
