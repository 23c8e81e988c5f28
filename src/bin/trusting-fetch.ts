import { readFile } from 'node:fs/promises'
import { Agent, fetch as undiciFetch } from 'undici'

/**
 * A `fetch` that trusts the certificate authorities of a PEM file and no others; the ordinary one without a file.
 *
 * @throws where the file cannot be read.
 */
export async function fetchTrusting(caFile: string | null): Promise<typeof fetch> {
  if (caFile === null) return fetch
  const dispatcher = new Agent({ connect: { ca: await readFile(caFile) } })
  return ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch
}
