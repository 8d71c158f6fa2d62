/**
 * The interaction of a running tool with its caller: questions, progress and log messages. Every surface passes one;
 * jobs and REST pass `unattended`, which supports none.
 */
export interface Interaction {
  /** Whether the caller declared support for this kind of question. */
  can(kind: Question['kind']): boolean
  /**
   * Asks questions and resolves with the answers by key. A stateless caller receives the questions and repeats the call
   * with the answers, so the tool then runs from the start: **ask before the first side effect**. Throws `CannotAsk`
   * when the caller does not support the kind of question.
   */
  ask(questions: Readonly<Record<string, Question>>): Promise<Readonly<Record<string, Answer>>>
  /** Reports progress; ignored unless the caller asked for it. */
  progress(done: number, total?: number, message?: string): void
  /** Sends a log message to the caller; ignored below the caller's log level. */
  note(level: NoteLevel, message: string): void
}

export type NoteLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error'

/** A question: `form` to the person, `completion` to the client's model, `roots` to the client itself. */
export type Question =
  | { readonly kind: 'form'; readonly message: string; readonly schema: Readonly<Record<string, unknown>> }
  | { readonly kind: 'completion'; readonly prompt: string; readonly tokensMax: number }
  | { readonly kind: 'roots' }

/** An answer from the caller; untrusted like any argument. */
export type Answer =
  | {
      readonly kind: 'form'
      readonly action: 'accept' | 'decline' | 'cancel'
      readonly content: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'completion'; readonly text: string }
  | { readonly kind: 'roots'; readonly uris: readonly string[] }

/** Thrown to end one round of a stateless call: the surface returns the questions. Not a failure. */
export class QuestionsOpen extends Error {
  readonly questions: Readonly<Record<string, Question>>

  constructor(questions: Readonly<Record<string, Question>>) {
    super('The call needs answers before it can go on.')
    this.name = 'QuestionsOpen'
    this.questions = questions
  }
}

/** Thrown when the caller does not support questions of these kinds. */
export class CannotAsk extends Error {
  readonly kinds: readonly Question['kind'][]

  constructor(kinds: readonly Question['kind'][]) {
    super(`The caller cannot answer: ${kinds.join(', ')}.`)
    this.name = 'CannotAsk'
    this.kinds = kinds
  }
}

/** The interaction of calls without a client that could be asked. */
export const unattended: Interaction = {
  can: () => false,
  ask: (questions) => Promise.reject(new CannotAsk(Object.values(questions).map((question) => question.kind))),
  progress: () => undefined,
  note: () => undefined,
}
