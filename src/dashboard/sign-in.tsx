import { createContext, type FormEvent, type ReactNode, use, useCallback, useEffect, useState } from 'react'
import { ApiError, createClient, type SignedIn } from '../client/index.ts'
import { client, problemOf, queries } from './api.ts'
import { useWords } from './preferences.tsx'
import { Busy } from './ui/states.tsx'

type Access = {
  who: SignedIn
  /** Whether this browser's token may do what takes at least this role. */
  may: (role: 'operator' | 'admin') => boolean
  signOut: () => Promise<void>
  /** The controllers let it in no more. */
  refused: () => void
}

const RANK = { viewer: 1, operator: 2, admin: 3 }
const Context = createContext<Access | null>(null)

export function useAccess(): Access {
  const access = use(Context)
  if (access === null) throw new Error('There is no SignInGate around this.')
  return access
}

type Gate = { kind: 'asking' } | { kind: 'out'; note: string | null } | { kind: 'in'; who: SignedIn }

/** Shows what is inside to those who are signed in, and a form to others. */
export function SignInGate({ children }: { children: ReactNode }) {
  const words = useWords()
  const [gate, setGate] = useState<Gate>({ kind: 'asking' })
  const ask = useCallback(() => {
    setGate({ kind: 'asking' })
    client.getSignIn().then(
      (who) => setGate({ kind: 'in', who }),
      (error: unknown) => {
        const signedOut = error instanceof ApiError && error.status === 401
        setGate({ kind: 'out', note: signedOut ? null : problemOf(error).message })
      },
    )
  }, [])
  useEffect(ask, [ask])
  const refused = useCallback(() => {
    queries.clear()
    setGate({ kind: 'out', note: words.connection.signedOut })
  }, [words])
  if (gate.kind === 'asking') return <Busy />
  if (gate.kind === 'out') return <SignInForm note={gate.note} onSignedIn={(who) => setGate({ kind: 'in', who })} />
  const { who } = gate
  const signOut = async () => {
    await client.signOut().catch(() => {})
    queries.clear()
    setGate({ kind: 'out', note: null })
  }
  const may = (role: 'operator' | 'admin') => RANK[who.role] >= RANK[role]
  return <Context value={{ who, may, signOut, refused }}>{children}</Context>
}

function SignInForm({ note, onSignedIn }: { note: string | null; onSignedIn: (who: SignedIn) => void }) {
  const words = useWords()
  const [problem, setProblem] = useState(note)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const token = String(new FormData(event.currentTarget).get('token') ?? '').trim()
    if (token === '') return setProblem(words.signIn.empty)
    try {
      onSignedIn(await createClient({ url: location.origin, token }).signIn())
    } catch (error) {
      setProblem(problemOf(error).message)
    }
  }
  return (
    <main className="sign-in">
      <title>{`${words.signIn.title} · ${words.product}`}</title>
      <form onSubmit={submit} noValidate>
        <img src={new URL('./icon.svg', import.meta.url).href} alt="" width={40} height={40} />
        <h1>{words.signIn.title}</h1>
        <p>{words.signIn.lead}</p>
        <label htmlFor="token">{words.signIn.token}</label>
        {/* A password manager may keep it. */}
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="current-password"
          aria-describedby="token-hint token-problem"
          aria-invalid={problem !== null}
        />
        <p id="token-problem" className="problem" role="alert">
          {problem}
        </p>
        <button type="submit" className="button primary">
          {words.signIn.button}
        </button>
        <p id="token-hint" className="hint">
          {words.signIn.hint}
        </p>
      </form>
    </main>
  )
}
