/** What stands before a command: `;` also before the first. */
type Joint = ';' | '&&' | '||' | '|' | '&' | '\n'

export type SimpleCommand = { argv: string[]; joint: Joint }

export type CommandLine = {
  commands: SimpleCommand[]
  /** All that a shell would have expanded, redirected or run besides plain commands, each in words. */
  violations: string[]
}

/**
 * Splits a line as a POSIX shell does. Nothing is expanded: what a shell would have expanded stays as it is and is
 * reported.
 */
export function parseCommandLine(line: string): CommandLine {
  return new Scanner(line).scan()
}

const SPACE = /[ \t\r]/
const OPERATOR = /[;&|()\n]/
/** Patterns and brace expansions: a shell looks for files or makes several words. */
const PATTERN = /[*?[{]/
/** These mean something only where a word begins. */
const LEADING = /[~#]/
const EXPANSION = /^\$(?:\w+|\{[^}]*\}|[@*#?$!-])/

class Scanner {
  readonly #line: string
  readonly #commands: SimpleCommand[] = []
  readonly #violations: string[] = []
  #at = 0
  #word: string | null = null
  #argv: string[] = []
  #joint: Joint = ';'

  constructor(line: string) {
    this.#line = line
  }

  scan(): CommandLine {
    while (this.#at < this.#line.length) this.#step(this.#line.charAt(this.#at))
    this.#endCommand(';')
    return { commands: this.#commands, violations: this.#violations }
  }

  #step(char: string): void {
    if (SPACE.test(char)) this.#space()
    else if (char === "'") this.#singleQuoted()
    else if (char === '"') this.#doubleQuoted()
    else if (char === '\\') this.#escaped()
    else if (char === '$' || char === '`') this.#expansion(this.#expansionText() ?? '$')
    else if (OPERATOR.test(char)) this.#operator()
    else if (char === '<' || char === '>') this.#redirection()
    else this.#plain(char)
  }

  #add(text: string): void {
    this.#word = (this.#word ?? '') + text
  }

  #plain(char: string): void {
    const leads = this.#word === null && LEADING.test(char)
    if (leads || PATTERN.test(char)) this.#violations.push(`unquoted ${char} in: ${this.#line}`)
    this.#add(char)
    this.#at++
  }

  #space(): void {
    this.#endWord()
    this.#at++
  }

  #singleQuoted(): void {
    const end = this.#line.indexOf("'", this.#at + 1)
    if (end === -1) {
      this.#unterminated("'")
      return
    }
    this.#add(this.#line.slice(this.#at + 1, end))
    this.#at = end + 1
  }

  #doubleQuoted(): void {
    this.#add('')
    for (this.#at++; this.#at < this.#line.length; ) {
      const char = this.#line.charAt(this.#at)
      const expansion = char === '$' || char === '`' ? this.#expansionText() : null
      if (expansion !== null) this.#expansion(expansion)
      else if (char === '\\') this.#escapedInDoubleQuotes()
      else {
        this.#at++
        if (char === '"') return
        this.#add(char)
      }
    }
    this.#unterminated('"')
  }

  #unterminated(quote: string): void {
    this.#violations.push(`unterminated ${quote} in: ${this.#line}`)
    this.#add(this.#line.slice(this.#at + 1))
    this.#at = this.#line.length
  }

  #escaped(): void {
    const next = this.#line.charAt(this.#at + 1)
    if (next !== '\n') this.#add(next)
    this.#at += 2
  }

  #escapedInDoubleQuotes(): void {
    const next = this.#line.charAt(this.#at + 1)
    if (/[$`"\\]/.test(next)) this.#add(next)
    else if (next !== '\n') this.#add(`\\${next}`)
    this.#at += 2
  }

  #expansion(text: string): void {
    this.#violations.push(`expansion of ${text} in: ${this.#line}`)
    this.#add(text)
    this.#at += text.length
  }

  /** The expansion that begins here; null where `$` stands for itself. */
  #expansionText(): string | null {
    const rest = this.#line.slice(this.#at)
    if (rest.startsWith('$(')) return balanced(rest)
    if (rest.startsWith('`')) return rest.slice(0, rest.indexOf('`', 1) + 1) || rest
    return rest.match(EXPANSION)?.[0] ?? null
  }

  #operator(): void {
    const rest = this.#line.slice(this.#at)
    const operator = rest.match(/^(?:&&|\|\|)/)?.[0] ?? rest.charAt(0)
    const plain = operator === ';' || operator === '&&' || operator === '\n'
    if (!plain) this.#violations.push(`unquoted ${operator} in: ${this.#line}`)
    this.#at += operator.length
    this.#endCommand(operator === '(' || operator === ')' ? ';' : (operator as Joint))
  }

  /** Its target would be a file and no argument. */
  #redirection(): void {
    const text = this.#line.slice(this.#at).match(/^[<>]+[&|]?[ \t]*[^\s;&|<>]*/)?.[0] ?? ''
    this.#violations.push(`redirection ${text} in: ${this.#line}`)
    this.#endWord()
    this.#at += text.length
  }

  #endWord(): void {
    if (this.#word !== null) this.#argv.push(this.#word)
    this.#word = null
  }

  #endCommand(next: Joint): void {
    this.#endWord()
    if (this.#argv.length > 0) {
      if (this.#joint === '\n') this.#violations.push(`a newline starts ${this.#argv[0]} in: ${this.#line}`)
      this.#commands.push({ argv: this.#argv, joint: this.#joint })
      this.#joint = next
    } else if (this.#commands.length > 0) this.#joint = next
    this.#argv = []
  }
}

function balanced(text: string): string {
  let depth = 0
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return text.slice(0, at + 1)
  }
  return text
}
