/**
 * A text as every store takes it: without NUL, which PostgreSQL's text cannot hold, without halves of characters, and
 * of at most `most` UTF-16 units. What a stream says of itself may be anything.
 */
export function storableText(text: string, most: number): string {
  return text.replaceAll('\0', '').slice(0, most).toWellFormed()
}
