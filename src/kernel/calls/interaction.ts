/**
 * What a tool may ask of, and tell, whoever is calling it while it runs. Every surface passes one; where nobody can be
 * asked (jobs, REST), it is `unattended`.
 */
export interface Interaction {
  /** Whether the caller said that it can answer such a question. */
  can(kind: Question['kind']): boolean
  /**
   * Asks, and resolves with the answers by the questions' keys. A stateless caller is answered with the questions and
   * calls again with the answers, and the tool then runs from the start: **ask before the first side effect**.
   * Throws `CannotAsk` when the caller did not say that it can answer.
   */
  ask(questions: Readonly<Record<string, Question>>): Promise<Readonly<Record<string, Answer>>>
  /** Tells how far the work is; ignored unless the caller wants to know. */
  progress(done: number, total?: number, message?: string): void
  /** Tells the caller's log; ignored unless the caller wants this level. */
  note(level: NoteLevel, message: string): void
}

export type NoteLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error'

/** `form` is put to the person, `completion` to the caller's model, `roots` to the caller itself. */
export type Question =
  | { readonly kind: 'form'; readonly message: string; readonly schema: Readonly<Record<string, unknown>> }
  | { readonly kind: 'completion'; readonly prompt: string; readonly tokensMax: number }
  | { readonly kind: 'roots' }

/** What the caller sent back. It is the caller's word: check it like any argument. */
export type Answer =
  | {
      readonly kind: 'form'
      readonly action: 'accept' | 'decline' | 'cancel'
      readonly content: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'completion'; readonly text: string }
  | { readonly kind: 'roots'; readonly uris: readonly string[] }

/** Ends this round of a stateless call: the surface answers with the questions. Not a failure. */
export class QuestionsOpen extends Error {
  readonly questions: Readonly<Record<string, Question>>

  constructor(questions: Readonly<Record<string, Question>>) {
    super('The call needs answers before it can go on.')
    this.name = 'QuestionsOpen'
    this.questions = questions
  }
}

/** The caller cannot answer questions of these kinds. */
export class CannotAsk extends Error {
  readonly kinds: readonly Question['kind'][]

  constructor(kinds: readonly Question['kind'][]) {
    super(`The caller cannot answer: ${kinds.join(', ')}.`)
    this.name = 'CannotAsk'
    this.kinds = kinds
  }
}

/** Nobody to ask and nobody to tell. */
export const unattended: Interaction = {
  can: () => false,
  ask: (questions) => Promise.reject(new CannotAsk(Object.values(questions).map((question) => question.kind))),
  progress: () => undefined,
  note: () => undefined,
}
