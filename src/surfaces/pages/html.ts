/** Trusted HTML, inserted as it is. Every other value is escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Renderable = Html | string | number | false | null | undefined | readonly Renderable[]

/** Template tag: `html\`<p title="${title}">${text}</p>\``. Values are escaped, as text and in double-quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Renderable[]): Html {
  return new Html(parts.reduce((text, part, at) => text + render(values[at - 1]) + part))
}

function render(value: Renderable): string {
  if (value instanceof Html) return value.text
  if (value === false || value === null || value === undefined) return ''
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  return value.map(render).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
