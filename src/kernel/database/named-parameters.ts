/** A text whose parameters are numbered, and their names by number: the first name is `$1`. */
export interface NumberedText {
  readonly text: string
  readonly names: readonly string[]
}

/** What may hold a colon that begins no parameter, and what does begin one. The first that matches wins. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([a-z_]*)\$[\s\S]*?\$\1\$|::|:([a-z][a-z0-9_]*)|\$\d+/gi

/** Turns `:client_id` into `$1` and so on. Casts (`::text`), quoted text and comments stay as they are. */
export function numberParameters(text: string): NumberedText {
  const names: string[] = []
  const numbered = text.replace(TOKEN, (whole: string, _tag: unknown, name: string | undefined) => {
    if (/^\$\d/.test(whole)) throw new Error(`A statement names its parameters: write :name in the place of ${whole}.`)
    if (name === undefined) return whole
    if (!names.includes(name)) names.push(name)
    return `$${names.indexOf(name) + 1}`
  })
  return { text: numbered, names }
}

/** The text without what is quoted or commented, for telling what it does. */
export function bareText(text: string): string {
  return text.replace(TOKEN, (whole: string, _tag: unknown, name: string | undefined) =>
    name !== undefined || whole === '::' ? whole : whole.startsWith('"') ? 'quoted' : ' ',
  )
}
