import { z } from 'zod'
import { text } from '../domain/fields.ts'
import { Time, WorkstationId } from './identifiers.ts'

export const NewToken = z
  .strictObject({
    name: text(100).min(1).default('unnamed'),
    role: z.enum(['admin', 'operator', 'viewer', 'agent']),
    workstation: WorkstationId.optional(),
    /** It is good for nothing from then on. */
    expiresAt: Time.optional(),
  })
  .refine((token) => (token.role === 'agent') === (token.workstation !== undefined), {
    path: ['workstation'],
    message: 'is what the role agent needs, and no other role has',
  })

export const Token = z.object({
  id: z.uuid(),
  name: z.string(),
  /** `enrolment` is a one-time token for an agent, `agent` the credential that it was traded for. */
  role: z.enum(['admin', 'operator', 'viewer', 'agent', 'enrolment']),
  workstation: z.string().nullable(),
  state: z.enum(['valid', 'expired', 'revoked', 'used']),
  createdAt: Time,
  createdBy: z.string().nullable(),
  expiresAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  revokedAt: Time.nullable(),
  usedAt: Time.nullable(),
})
export type Token = z.infer<typeof Token>

/** Who is signed in. */
export const SignedIn = z.object({ name: z.string(), role: z.enum(['admin', 'operator', 'viewer']) })
export type SignedIn = z.infer<typeof SignedIn>

export const AuditEntry = z.object({
  id: z.int(),
  at: Time,
  tokenName: z.string().nullable(),
  role: z.string().nullable(),
  address: z.string().nullable(),
  action: z.string(),
  target: z.string(),
  /** Of the answer; null where the controller did not live to give one. */
  status: z.int().nullable(),
  detail: z.string().nullable(),
})
