import { lookup as dnsLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { RefusedError, TransferError } from './guarded-fetch.ts'
import { type Reach, refusedAddress } from './reach.ts'

export type Resolved = { address: string; family: number }

/** Finds the addresses of a host. */
export type Resolve = (hostname: string) => Promise<Resolved[]>

export type CheckedLookup = {
  reach: Reach
  resolve: Resolve
  /** Gives those of the addresses that may be connected to. @throws RefusedError, TransferError */
  proved: (found: Resolved[]) => Promise<Resolved[]>
}

/** Hands the connection an address that was checked; one bad address among several is reason enough to refuse. */
export function checkedLookup({ reach, resolve, proved }: CheckedLookup): LookupFunction {
  const find = async (hostname: string): Promise<Resolved[]> => {
    const found = await resolve(hostname)
    const refused = found.map(({ address }) => refusedAddress(address, reach)).find((why) => why !== null)
    if (refused) throw new RefusedError(`${hostname}: ${refused}`)
    if (found.length === 0) throw new TransferError(`${hostname} has no address`)
    return proved(found)
  }
  return (hostname, options, callback) => {
    find(hostname).then(
      (found) => {
        const [first = { address: '', family: 0 }] = found
        if (options.all) callback(null, found)
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    )
  }
}

/** The addresses of a host, by the machine's resolver. */
export function resolveByDns(hostname: string): Promise<Resolved[]> {
  return new Promise((done, fail) => {
    dnsLookup(hostname, { all: true }, (error, found) => (error ? fail(error) : done(found)))
  })
}
