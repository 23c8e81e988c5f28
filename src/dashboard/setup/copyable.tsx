import { useState } from 'react'
import { useWords } from '../preferences.tsx'

/** Text to be taken along, with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const words = useWords()
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2000)
  }
  return (
    <div className="copyable">
      <input readOnly value={text} aria-label={label} onFocus={(event) => event.target.select()} />
      {/* Without TLS, browsers give the clipboard to loopback alone. */}
      {'clipboard' in navigator && (
        <button type="button" className="button small" onClick={() => void copy()}>
          {copied ? words.common.copied : words.common.copy}
        </button>
      )}
      <span className="visually-hidden" role="status">
        {copied ? words.common.copied : ''}
      </span>
    </div>
  )
}
