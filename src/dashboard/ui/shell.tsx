import { Popover } from '@base-ui/react/popover'
import { Link, Outlet } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useConnection, useLiveStream } from '../live.ts'
import { LANGUAGES, type Language, THEMES, usePreferences } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { timeOf } from './format.ts'

/** What is around every view. */
export function Shell() {
  const { words } = usePreferences()
  const { may, refused } = useAccess()
  const connection = useConnection()
  useLiveStream(refused)
  const links = [
    ['/', words.nav.lab],
    ['/workloads', words.nav.workloads],
    ['/schedules', words.nav.schedules],
    ['/videos', words.nav.videos],
    ['/origins', words.nav.origins],
    ['/workstations', words.nav.workstations],
    ...(may('admin') ? ([['/tokens', words.nav.tokens]] as const) : []),
  ] as const
  return (
    <div className="shell" data-stale={connection.state !== 'live'}>
      <a className="skip" href="#content">
        {words.nav.skip}
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <img src={new URL('../icon.svg', import.meta.url).href} alt="" width={24} height={24} />
          <span>{words.product}</span>
        </Link>
        <nav className="links" aria-label={words.nav.label}>
          {links.map(([to, label]) => (
            <Link key={to} to={to} activeOptions={{ exact: to === '/' }} activeProps={{ 'aria-current': 'page' }}>
              {label}
            </Link>
          ))}
        </nav>
        <Account />
      </header>
      <ConnectionBanner />
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  )
}

/** Says that what is shown is old, while it is. */
function ConnectionBanner() {
  const { words } = usePreferences()
  const connection = useConnection()
  return (
    <div role="status" className="connection">
      {connection.state === 'lost' && <p>{words.connection.lost(timeOf(connection.since, words))}</p>}
    </div>
  )
}

function Account() {
  const { words, language, theme, setLanguage, setTheme } = usePreferences()
  const { who, signOut } = useAccess()
  return (
    <Popover.Root>
      <Popover.Trigger className="button account">
        <span className="visually-hidden">{words.nav.account}: </span>
        <span className="account-name">{who.name}</span>
        <span className="badge">{words.nav.roles[who.role]}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="end" className="over">
          <Popover.Popup className="popup">
            <Popover.Title className="popup-title">{who.name}</Popover.Title>
            <label>
              {words.nav.language}
              <select value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
                {Object.entries(LANGUAGES).map(([key, name]) => (
                  <option key={key} value={key} lang={key}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label>
              {words.nav.theme}
              <select
                value={theme}
                onChange={(event) => setTheme(THEMES.find((one) => one === event.target.value) ?? 'system')}
              >
                {THEMES.map((one) => (
                  <option key={one} value={one}>
                    {words.nav.themes[one]}
                  </option>
                ))}
              </select>
            </label>
            <button type="button" className="button" onClick={() => void signOut()}>
              {words.nav.signOut}
            </button>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

/** A view's heading; those who cannot see the page change are taken to it. */
export function Heading({ title, children }: { title: string; children?: React.ReactNode }) {
  const { words } = usePreferences()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className="heading">
      <title>{`${title} · ${words.product}`}</title>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  )
}
