import { html } from './html.ts'
import type { Html, Renderable } from './html.ts'

export interface Field {
  readonly name: string
  /** Default: the name. */
  readonly id?: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'password' | 'date'
  readonly value?: string | undefined
  readonly autocomplete: string
  readonly hint?: Renderable
  /** Why the submitted value was refused; shown under the field and linked by `aria-describedby`. */
  readonly error?: string | undefined
  readonly inputmode?: 'numeric' | 'email'
  readonly maxlength?: number
  readonly optional?: boolean
}

/** A labelled input with its hint and its error. */
export function field(of: Field): Html {
  const {
    name,
    id = name,
    label,
    type = 'text',
    value,
    autocomplete,
    hint,
    error,
    inputmode,
    maxlength = 200,
    optional,
  } = of
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean)
  return html`<div class="field">
<label for="${id}">${label}</label>
<input id="${id}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" maxlength="${maxlength}"${
    inputmode !== undefined && html` inputmode="${inputmode}"`
  }${optional !== true && html` required`}${error !== undefined && html` aria-invalid="true" autofocus`}${
    described.length > 0 && html` aria-describedby="${described.join(' ')}"`
  }>
${hint !== undefined && html`<span class="hint" id="${id}-hint">${hint}</span>`}
${error !== undefined && html`<span class="error" id="${id}-error">${error}</span>`}
</div>`
}

/** A checkbox or radio button with its label. */
export function choice(of: {
  readonly type: 'checkbox' | 'radio'
  readonly name: string
  readonly value: string
  readonly label: Renderable
  readonly checked?: boolean
}): Html {
  return html`<label class="choice"><input type="${of.type}" name="${of.name}" value="${of.value}"${
    of.checked === true && html` checked`
  }><span>${of.label}</span></label>`
}

/** A message that screen readers announce when the page loads. */
export function notice(text: Renderable, kind: 'good' | 'bad'): Html {
  const role = kind === 'bad' ? 'alert' : 'status'
  return html`<p class="notice ${kind}" role="${role}">${text}</p>`
}
