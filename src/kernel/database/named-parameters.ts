/** SQL text with numbered parameters, and their names in order: the first name is `$1`. */
export interface NumberedText {
  readonly text: string
  readonly names: readonly string[]
}

/** Matches parameters, and the quoted texts, comments and casts whose colons are not parameters. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([a-z_]*)\$[\s\S]*?\$\1\$|::|:([a-z][a-z0-9_]*)|\$\d+/gi

/** Replaces `:client_id` by `$1` and so on. Casts (`::text`), quoted text and comments are unchanged. */
export function numberParameters(text: string): NumberedText {
  const names: string[] = []
  const numbered = text.replace(TOKEN, (whole: string, _tag: unknown, name: string | undefined) => {
    if (/^\$\d/.test(whole)) throw new Error(`Parameters must be named: write :name in place of ${whole}.`)
    if (name === undefined) return whole
    if (!names.includes(name)) names.push(name)
    return `$${names.indexOf(name) + 1}`
  })
  return { text: numbered, names }
}

/** The text without quoted parts and comments, for detecting keywords. */
export function bareText(text: string): string {
  return text.replace(TOKEN, (whole: string, _tag: unknown, name: string | undefined) =>
    name !== undefined || whole === '::' ? whole : whole.startsWith('"') ? 'quoted' : ' ',
  )
}
