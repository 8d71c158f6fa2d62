import type { PersonalData } from '#kernel/personal-data'
import { accountsPersonalData, timelinePersonalData } from './accounts.ts'
import { contactsPersonalData } from './people.ts'
import { receiptsPersonalData, usagePersonalData } from './usage.ts'
import { surveysPersonalData, ticketsPersonalData } from './voices.ts'

/** What customers hold about people. */
export const customersPersonalData: readonly PersonalData[] = [
  contactsPersonalData,
  usagePersonalData,
  receiptsPersonalData,
  ticketsPersonalData,
  surveysPersonalData,
  accountsPersonalData,
  timelinePersonalData,
]
