/** C0 but tabs and ends of lines, DEL, C1, and the separators that some readers take for the end of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]|\r(?!\n)/g
/** What has a reader see a text in another order than it has. */
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * A text as a terminal or a report may have it, whoever wrote it: its lines stay, and nothing in it drives a terminal or
 * turns a line round.
 */
export function shown(text: string): string {
  return text.toWellFormed().replace(CONTROLS, ' ').replace(BIDIRECTIONAL, '')
}

/** The same on one line. */
export function plain(text: string): string {
  return shown(text).replace(/[\t\r\n]/g, ' ')
}

const RAW_IN_JSON = /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** JSON of which nothing drives a terminal or turns a line round: what would is escaped, and read again the same. */
export function jsonText(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? 'null').replace(RAW_IN_JSON, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
