import type { Declarations } from '#kernel/module'
import type { Customers } from './api.ts'
import { demoCommand } from './demo/demo-command.ts'
import { customerEvents } from './domain-events.ts'
import { importCommand } from './import/import-command.ts'
import { CustomerSettings } from './settings.ts'

export const customersDeclarations = {
  name: 'customers',
  settings: { customers: CustomerSettings },
  events: customerEvents,
  commands: [importCommand, demoCommand],
} satisfies Declarations<Customers>
