import { gzipSync } from 'node:zlib'
import type { Context, Hono } from 'hono'

/** The dashboard as it is built, by path below the root, such as `assets/index-1a2b.js`; `index.html` is its page. */
export type DashboardFiles = ReadonlyMap<string, Buffer>

/** Nothing from elsewhere and nothing inline; screenshots come as data. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** The dashboard at the root: its files, and its page for every address that a browser is sent to. */
export function dashboardRoutes(app: Hono, files: () => Promise<DashboardFiles>): void {
  const packed = new Map<Buffer, Buffer>()
  const send = (c: Context, name: string, file: Buffer) => {
    const headers: Record<string, string> = {
      ...HEADERS,
      'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      // Built files carry a hash of what is in them in their names.
      'cache-control': name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    }
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(new Uint8Array(file), 200, headers)
    const small = packed.get(file) ?? gzipSync(file, { level: 9 })
    packed.set(file, small)
    return c.body(new Uint8Array(small), 200, { ...headers, 'content-encoding': 'gzip' })
  }
  app.get('/assets/:name', async (c, next) => {
    const name = `assets/${c.req.param('name')}`
    const file = (await files()).get(name)
    return file ? send(c, name, file) : next()
  })
  app.get('*', async (c, next) => {
    const { path } = c.req
    if (path.startsWith('/api/') || path.startsWith('/assets/') || !isNavigation(c)) return next()
    const page = (await files()).get('index.html')
    return page ? send(c, 'index.html', page) : next()
  })
}

/** Whether somebody opens an address in a browser, and not a program that asks for data. */
function isNavigation(c: Context): boolean {
  return c.req.path === '/' || (c.req.header('accept') ?? '').includes('text/html')
}
