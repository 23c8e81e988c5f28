import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createClient } from '../client/index.ts'
import type { Terminal } from './terminal.ts'

/** What a command does its work with: handed in, so that a command reads no process of its own. */
export type Context = Terminal & {
  version: string
  env: Readonly<Record<string, string | undefined>>
  /** Aborts when the user wants to stop. */
  signal: AbortSignal
  runners: Runners
}

/** What runs a part of the system, and not a call of it. */
type Runners = {
  serve: (options: ServeOptions) => Promise<void>
  agent: (options: AgentRunOptions) => Promise<void>
  startDemo: (options: { dataDir: string; devices: number; browsers: boolean }) => Promise<Demo>
  findings: (options: { dataDir: string }) => Promise<Finding[]>
  /** @param caFile a PEM file of the certificate authorities to trust; null for the usual ones. */
  fetchTrusting: (caFile: string | null) => Promise<typeof fetch>
}

type ServeOptions = {
  host: string
  port: number
  dataDir: string
  /** PEM files; plain HTTP without them. */
  tls: { certFile: string; keyFile: string } | null
  /** Whether a proxy before it is believed who asks, and whether they speak TLS. */
  trustsProxy: boolean
  onListening: (url: string) => void
}

export type AgentRunOptions = {
  workstation: string
  drivers: readonly { name: string; count: number }[]
  /** For all of its devices, or for one slot. */
  labels: readonly { slot: string | null; key: string; value: string }[]
  /** From one start of a browser's page to the next, ms. */
  startGapMs: number
  /** Slow paths for tests, for all of its browsers or for one slot; kbit/s and ms. */
  shapes: readonly { slot: string | null; kbps: number; delayMs: number }[]
  /** Of every controller. */
  url: readonly string[]
  /** The one-time token to enrol with, where there is one. */
  token: string | null
  /** The folder of its credential and its journal. */
  home: string
  /** A PEM file of the certificate authorities to trust; the usual ones without it. */
  caFile: string | null
  onEnrolled: (devices: number) => void
}

/** The whole system on this machine; disposing it stops all of it. */
export type Demo = AsyncDisposable & {
  client: Client
  streamUrl: string
  /** What it plays on, in words. */
  devices: string
  databaseUrl: string
}

/** One thing that `doai doctor` looked at. */
export type Finding = { what: string; ok: boolean; found: string; mend: string | null }

/** An end with a message for people and an exit code; 2 is bad input. */
export class CliError extends Error {
  override name = 'CliError'
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

export const DEFAULT_URL = 'http://127.0.0.1:8400'
export const DEFAULT_DATA = '.doai'

/** The urls of a list such as `http://a:8400,http://b:8400`. @param where it was given, for the message. */
export function urlsOf(list: string, where: string): string[] {
  const urls = list
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
  const wrong = urls.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url))
  if (wrong !== undefined || urls.length === 0)
    throw new CliError(`${where}: ${wrong ?? list} is no http or https url`, 2)
  return urls
}

/** A client for the controllers that the environment names; on the controller's own machine its admin token is found. */
export async function clientOf({ env, runners }: Context): Promise<Client> {
  const url = urlsOf(env.DOAI_URL ?? DEFAULT_URL, 'DOAI_URL')
  const file = join(env.DOAI_DATA ?? DEFAULT_DATA, 'admin-token')
  const token = env.DOAI_TOKEN ?? (await readFile(file, 'utf8').catch(() => ''))
  if (token.trim() === '') {
    throw new CliError(
      `No token: set DOAI_TOKEN, or run this where \`doai serve\` was started, whose ${file} is found by itself.`,
      2,
    )
  }
  return createClient({ url, token: token.trim(), fetch: await runners.fetchTrusting(env.DOAI_CA || null) })
}
