import { CannotAsk, QuestionsOpen } from '#kernel/calls/interaction'
import type { Answer, Interaction, NoteLevel, Question } from '#kernel/calls/interaction'
import { META } from './era.ts'
import type { Exchange } from './exchange.ts'
import { CAPABILITY, readAnswer } from './questions.ts'
import { isRecord } from './rpc.ts'

/** The log levels of MCP (RFC 5424), from the most to the least verbose. */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/**
 * Asks questions by ending the call with them: the client sends the call again with the answers, and the tool runs from
 * the start. For a 2025 client with a session the SDK does this; a 2025 client without one cannot be asked.
 */
export function statelessInteraction(
  exchange: Exchange,
  params: Readonly<Record<string, unknown>>,
  answers: Readonly<Record<string, unknown>>,
): Interaction {
  const { era, notices } = exchange
  const can = (kind: Question['kind']): boolean => era.capabilities[CAPABILITY[kind]] !== undefined
  const meta = isRecord(params['_meta']) ? params['_meta'] : {}
  const token = meta['progressToken']
  const progressToken = typeof token === 'string' || typeof token === 'number' ? token : undefined
  const logLevel = LEVELS.indexOf(String(meta[META.logLevel]))
  if (progressToken !== undefined) notices?.keepAlive()
  return {
    can,
    ask: async (questions) => answered(questions, answers, can),
    progress: (done, total, message) => {
      if (progressToken === undefined) return
      const optional = { ...(total !== undefined && { total }), ...(message !== undefined && { message }) }
      notices?.progress({ progressToken, progress: done, ...optional })
    },
    note: (level: NoteLevel, message) => {
      if (logLevel < 0 || LEVELS.indexOf(level) < logLevel) return
      notices?.log(level, message)
    },
  }
}

/** The answers to all questions; throws `QuestionsOpen` with the unanswered ones. */
export function answered(
  questions: Readonly<Record<string, Question>>,
  answers: Readonly<Record<string, unknown>>,
  can: Interaction['can'],
): Readonly<Record<string, Answer>> {
  const read = Object.entries(questions).map(
    ([key, question]) => [key, question, readAnswer(question, answers[key])] as const,
  )
  const open = read.filter(([, , answer]) => answer === undefined)
  const unasked = [...new Set(open.map(([, question]) => question.kind))].filter((kind) => !can(kind))
  if (unasked.length > 0) throw new CannotAsk(unasked)
  if (open.length > 0) throw new QuestionsOpen(Object.fromEntries(open.map(([key, question]) => [key, question])))
  return Object.fromEntries(read.flatMap(([key, , answer]) => (answer === undefined ? [] : [[key, answer]])))
}
