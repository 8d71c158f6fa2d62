import type { PersonFacts } from '#kernel/personal-data'
import { holdTables } from '#kernel/personal-data/hold-tables'
import { customerTags } from '../record/cache-tags.ts'
import { listContactEmails } from './store.ts'

/**
 * Contacts and users of customers. An erased contact remains without a name, because the number of contacts and the
 * last contact date count towards health. Traits from events are deleted; nothing depends on them.
 */
export const contactsPersonalData = holdTables({
  name: 'customers.contacts',
  describe: 'People at customers: contacts, and the users named by usage events.',
  cacheTags: [customerTags.all],
  identifies: true,
  emails: listContactEmails,
  keeps: {
    what: 'the contact without a name: whether primary or champion, and the time of the last contact',
    why: 'The health of the customer is computed from it.',
  },
  holds: [
    {
      table: 'customers.contacts',
      key: { contact_id: 'text' },
      own: { emails: ['email', 'user_id'], names: ['name'], ids: { contact_id: 'contact', user_id: 'event-user' } },
      text: ['title'],
      json: ['attributes'],
      externalIds: ['contact_id', 'user_id', 'external_id'],
      facts: (row) => factsOfTraits(row['attributes']),
      eraseOwn: (row, pseudonym) => ({
        contact_id: pseudonym(row['contact_id'] ?? null),
        email: null,
        name: null,
        title: null,
        user_id: null,
        external_id: null,
        attributes: '{}',
      }),
    },
    {
      table: 'customers.tracked_users',
      key: { user_id: 'text' },
      own: { emails: ['user_id'], ids: { user_id: 'event-user' } },
      json: ['traits'],
      facts: (row) => factsOfTraits(row['traits']),
      eraseOwn: 'delete',
    },
    {
      table: 'customers.same_users',
      key: { user_id: 'text', other_id: 'text' },
      own: { emails: ['user_id'], ids: { user_id: 'event-user' } },
      leadsTo: { other_id: 'event-user' },
      externalIds: ['other_id'],
      eraseOwn: 'delete',
    },
  ],
})

/**
 * Extracts personal facts from traits, by the names that Segment reserves
 * (https://segment.com/docs/connections/spec/identify) and their spellings.
 */
function factsOfTraits(json: string | null | undefined): PersonFacts {
  // safe because: it is a JSON column's text.
  const traits = JSON.parse(json ?? '{}') as unknown
  if (traits === null || typeof traits !== 'object') return {}
  const values = new Map(Object.entries(traits).map(([name, value]: [string, unknown]) => [plain(name), value]))
  const of = (...names: string[]) =>
    names.map((name) => values.get(name)).flatMap((value) => (isScalar(value) ? String(value) : []))
  const [first, last] = [of('firstname', 'givenname')[0], of('lastname', 'familyname', 'surname')[0]]
  return {
    emails: of('email', 'emailaddress'),
    phones: of('phone', 'phonenumber', 'mobile', 'mobilephone', 'telephone'),
    names: [...of('name', 'fullname', 'displayname'), ...(first && last ? [`${first} ${last}`] : [])],
  }
}

const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '')
const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'
