import type { PersonalData } from '#kernel/personal-data'
import { accountsPersonalData, timelinePersonalData } from './accounts.ts'
import { contactsPersonalData } from './people.ts'
import { receiptsPersonalData, usagePersonalData } from './usage.ts'
import { surveysPersonalData, ticketsPersonalData } from './tickets-and-surveys.ts'

/** The personal data that the customers module stores. */
export const customersPersonalData: readonly PersonalData[] = [
  contactsPersonalData,
  usagePersonalData,
  receiptsPersonalData,
  ticketsPersonalData,
  surveysPersonalData,
  accountsPersonalData,
  timelinePersonalData,
]
