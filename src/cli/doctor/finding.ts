import { Failure } from '#kernel/failure'

/** What one step of the way in showed. */
export interface Finding {
  readonly step: string
  /** `note` is worth knowing and in nobody's way; `skipped` could not be looked at. */
  readonly outcome: 'ok' | 'problem' | 'note' | 'skipped'
  readonly found: string
  /** For a problem: what whoever runs the server, or the client, can do. */
  readonly todo?: string
}

/** Collects findings of one step after the other. */
export interface Findings {
  readonly all: readonly Finding[]
  ok(step: string, found: string): void
  note(step: string, found: string): void
  skipped(step: string, found: string): void
  problem(step: string, found: string, todo: string): void
}

export function openFindings(tell: (finding: Finding) => void): Findings {
  const all: Finding[] = []
  const add = (finding: Finding): void => {
    all.push(finding)
    tell(finding)
  }
  return {
    all,
    ok: (step, found) => add({ step, outcome: 'ok', found }),
    note: (step, found) => add({ step, outcome: 'note', found }),
    skipped: (step, found) => add({ step, outcome: 'skipped', found }),
    problem: (step, found, todo) => add({ step, outcome: 'problem', found, todo }),
  }
}

/** Does something that the other side may fail at; its failure is a problem of this step, and undefined. */
export async function attempt<T>(
  findings: Findings,
  step: string,
  todo: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    findings.problem(step, error.message, todo)
    return undefined
  }
}

/** A value from elsewhere as it may be shown on a terminal: one line, bounded, and no control characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  const plain = text.replace(/\p{Cc}/gu, ' ')
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain
}

export const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

/** Whether a URL that credentials go to is protected on its way. */
export function isSafeUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const parsed = new URL(url)
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(parsed))
}
