import { TEXT_REF } from '#kernel/audit/personal'
import type { Ctx } from '#kernel/context'
import type { Person } from '#kernel/personal-data'
import { mentionsOf } from '#kernel/personal-data/mentions'
import type { ChainEvent } from './chain/record.ts'
import { eventsWithText } from './store/events.ts'

const PAGE = 500

/** An event, and the keys (refs) that its free text is encrypted with. */
export interface MentioningEvent {
  readonly event: ChainEvent
  readonly refs: readonly string[]
}

/** The events whose free text mentions a person. Reads all events with free text, a page at a time. */
export async function mentioningEvents(ctx: Ctx, person: Person): Promise<MentioningEvent[]> {
  const mentions = mentionsOf(person)
  const found: MentioningEvent[] = []
  for (let after = '', full = mentions.pattern !== null; full; ) {
    ctx.signal.throwIfAborted()
    const page = await eventsWithText(ctx, after, PAGE)
    const texts = page.map(({ people }) => people?.filter((ref) => ref.startsWith(TEXT_REF)) ?? [])
    const contents = page.flatMap((event) => [event.before, event.after])
    const opened = await ctx.personKeys.open(ctx, contents, new Set(texts.flat()))
    for (const [place, event] of page.entries()) {
      const content = JSON.stringify(opened.slice(2 * place, 2 * place + 2))
      if (mentions.isIn(content)) found.push({ event, refs: texts[place] ?? [] })
    }
    after = page.at(-1)?.id ?? after
    full = page.length === PAGE
  }
  return found
}
