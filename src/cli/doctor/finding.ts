import { Failure } from '#kernel/failure'

/** The result of one check. */
export interface Finding {
  readonly step: string
  /** `note` is information and no problem; `skipped` could not be checked. */
  readonly outcome: 'ok' | 'problem' | 'note' | 'skipped'
  readonly found: string
  /** For a problem: how the operator of the server, or the user of the client, can fix it. */
  readonly fix?: string
}

/** The collector of findings. */
export interface Findings {
  readonly all: readonly Finding[]
  ok(step: string, found: string): void
  note(step: string, found: string): void
  skipped(step: string, found: string): void
  problem(step: string, found: string, fix: string): void
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
    problem: (step, found, fix) => add({ step, outcome: 'problem', found, fix }),
  }
}

/** Runs a request to the other side. A `Failure` is reported as a problem of this step, and the result is undefined. */
export async function attempt<T>(
  findings: Findings,
  step: string,
  fix: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    findings.problem(step, error.message, fix)
    return undefined
  }
}

/** A foreign value made safe for a terminal: one line, at most 200 characters, without control characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  const plain = text.replace(/\p{Cc}/gu, ' ')
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain
}

export const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

/** Whether credentials may be sent to a URL: https, or http on loopback. */
export function isSafeUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const parsed = new URL(url)
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(parsed))
}
