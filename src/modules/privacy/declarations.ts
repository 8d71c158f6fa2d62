import type { Declarations } from '#kernel/module'
import type { Privacy } from './api.ts'
import { privacyCommands } from './commands.ts'
import { privacyEvents } from './domain-events.ts'

export const privacyDeclarations = {
  name: 'privacy',
  events: privacyEvents,
  commands: [privacyCommands],
} satisfies Declarations<Privacy>
