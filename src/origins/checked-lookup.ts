import { lookup as dnsLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { RefusedError, TransferError } from './guarded-fetch.ts'
import { type Reach, refusedAddress } from './reach.ts'

export type Resolved = { address: string; family: number }

/** Hands the connection the address that was checked; one bad address among several is reason enough to refuse. */
export function checkedLookup(reach: Reach, resolve: (hostname: string) => Promise<Resolved[]>): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const refused = found.map(({ address }) => refusedAddress(address, reach)).find((why) => why !== null)
        const first = found[0]
        if (refused) callback(new RefusedError(`${hostname}: ${refused}`), '', 0)
        else if (!first) callback(new TransferError(`${hostname} has no address`), '', 0)
        else if (options.all) callback(null, found)
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
