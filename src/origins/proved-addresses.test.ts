import { expect, test } from 'vitest'
import { RefusedError, TransferError } from './guarded-fetch.ts'
import type { Proof } from './proof.ts'
import { ProvedAddresses } from './proved-addresses.ts'

const ORIGIN = {
  origin: 'https://media.example.com',
  pathPrefix: '',
  allowPrivate: false,
  cmcdMode: 'query' as const,
  token: 'a token',
}
const at = (...addresses: string[]) => addresses.map((address) => ({ address, family: 4 }))

/** Addresses whose proofs are as `states` says at the moment; what was asked, in order. */
function setUp(states: Record<string, Proof['state']>) {
  const asked: string[] = []
  let now = 0
  const proved = new ProvedAddresses(
    async (_, { address }) => {
      asked.push(address)
      const state = states[address] ?? 'failed'
      return { state, reason: state === 'verified' ? null : `${address} is ${state}` }
    },
    () => now,
  )
  const pass = (seconds: number) => {
    now += seconds * 1000
  }
  return { asked, pass, proved: (...addresses: string[]) => proved.proved([ORIGIN], at(...addresses)) }
}

test('an address is asked once for an hour, together with all who wait for it', async () => {
  const { asked, pass, proved } = setUp({ '192.0.2.1': 'verified' })
  await Promise.all([proved('192.0.2.1'), proved('192.0.2.1')])
  pass(3599)
  expect(await proved('192.0.2.1')).toEqual(at('192.0.2.1'))
  expect(asked).toEqual(['192.0.2.1'])
  pass(2)
  await proved('192.0.2.1')
  expect(asked).toHaveLength(2)
})

test('a name that moves is refused until the proof is at its new address', async () => {
  const states: Record<string, Proof['state']> = { '192.0.2.1': 'verified' }
  const { pass, proved } = setUp(states)
  await proved('192.0.2.1')
  await expect(proved('198.51.100.1')).rejects.toThrow(RefusedError)
  states['198.51.100.1'] = 'verified'
  pass(31)
  expect(await proved('198.51.100.1')).toEqual(at('198.51.100.1'))
})

test('of several addresses those with the proof are used; where one did not answer, it may yet', async () => {
  const { proved } = setUp({ '192.0.2.1': 'verified', '192.0.2.2': 'unreachable' })
  expect(await proved('192.0.2.9', '192.0.2.1', '192.0.2.2')).toEqual(at('192.0.2.1'))
  await expect(proved('192.0.2.9', '192.0.2.2')).rejects.toThrow(RefusedError)
  await expect(proved('192.0.2.2')).rejects.toThrow(TransferError)
})

test('a proof that stood survives two checks without an answer, and not a third', async () => {
  const states: Record<string, Proof['state']> = { '192.0.2.1': 'verified' }
  const { asked, pass, proved } = setUp(states)
  await proved('192.0.2.1')
  states['192.0.2.1'] = 'unreachable'
  pass(3601)
  expect(await proved('192.0.2.1')).toHaveLength(1)
  pass(59)
  await proved('192.0.2.1')
  expect(asked).toHaveLength(2)
  pass(2)
  expect(await proved('192.0.2.1')).toHaveLength(1)
  pass(61)
  await expect(proved('192.0.2.1')).rejects.toThrow(TransferError)
  states['192.0.2.1'] = 'verified'
  pass(11)
  expect(await proved('192.0.2.1')).toHaveLength(1)
})
