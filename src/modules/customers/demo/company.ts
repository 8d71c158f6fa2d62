import { addDays, dayOf } from '../record/days.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'

/** The behaviour pattern of a demo customer, which its generated data follows. */
export type Story =
  | 'steady'
  | 'growing'
  | 'champion'
  | 'quietly_leaving'
  | 'struggling'
  | 'unpaid'
  | 'churned'
  | 'too_new'

export interface DemoPerson {
  readonly userId: string
  readonly name: string
  readonly email: string
}

export interface DemoCustomer {
  readonly clientId: string
  readonly name: string
  readonly industry: string
  readonly tier: 'starter' | 'standard' | 'professional' | 'enterprise'
  readonly story: Story
  /** The age of the contract: days from its start until today. */
  readonly ageDays: number
  readonly annualValue: number
  readonly csm: string
  readonly people: readonly [DemoPerson, ...DemoPerson[]]
  /** The share of the customer's users who are active on an ordinary working day. */
  readonly activeShare: number
}

/** The demo company and its customers on one day. The same seed and day give the same data. */
export interface DemoCompany {
  readonly today: string
  readonly seed: number
  readonly customers: readonly DemoCustomer[]
}

export const DEMO_DAYS = 180
const CUSTOMERS = 200

/** The number of customers per story, out of 100. Their order does not matter. */
const STORIES: readonly (readonly [Story, number])[] = [
  ['steady', 42],
  ['growing', 14],
  ['champion', 10],
  ['quietly_leaving', 13],
  ['struggling', 8],
  ['unpaid', 4],
  ['churned', 3],
  ['too_new', 6],
]

export function demoCompany(seed: number, now: Date): DemoCompany {
  const random = seededRandom(seed)
  const stories = STORIES.flatMap(([story, share]) => Array.from({ length: (share * CUSTOMERS) / 100 }, () => story))
  const names = shuffled(random, companyNames()).slice(0, CUSTOMERS)
  const customers = shuffled(random, stories).map((story, index) => demoCustomer(random, story, names[index] ?? ''))
  return { today: dayOf(now), seed, customers }
}

function demoCustomer(random: Random, story: Story, name: string): DemoCustomer {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const tier = random.pick(['starter', 'standard', 'standard', 'professional', 'professional', 'enterprise'])
  const peopleMax = { starter: 3, standard: 4, professional: 6, enterprise: 10 }[tier]
  const valueMax = { starter: 6_000, standard: 24_000, professional: 72_000, enterprise: 240_000 }[tier]
  const people = Array.from({ length: random.between(2, peopleMax) }, (_, index) => demoPerson(random, slug, index))
  const first = people[0] ?? demoPerson(random, slug, 0)
  return {
    clientId: `cs_${slug.replaceAll('-', '_')}`,
    name,
    industry: random.pick([
      'FinTech',
      'HealthTech',
      'Logistics',
      'Retail',
      'Manufacturing',
      'EdTech',
      'Energy',
      'Media',
    ]),
    tier,
    story,
    ageDays: story === 'too_new' ? random.between(1, 6) : random.between(120, 1100),
    annualValue: Math.round((valueMax * (0.4 + 0.6 * random.next())) / 100) * 100,
    csm: random.pick(['Priya Natarajan', 'Tom Becker', 'Ana Duarte', 'Lena Fischer', 'Sam Okafor']),
    people: [first, ...people.slice(1)],
    activeShare: story === 'champion' ? 0.45 + 0.2 * random.next() : 0.16 + 0.2 * random.next(),
  }
}

function demoPerson(random: Random, slug: string, index: number): DemoPerson {
  const first = random.pick(FIRST_NAMES)
  const last = random.pick(LAST_NAMES)
  const name = `${first} ${last}`
  return { userId: `${slug}-u${index + 1}`, name, email: `${first}.${last}${index}@${slug}.example`.toLowerCase() }
}

/**
 * A customer's activity on a day relative to an ordinary day (1 = ordinary). `daysAgo` counts back from today. For
 * `quietly_leaving` it falls over the last ten weeks.
 */
export function activity(story: Story, daysAgo: number): number {
  const progress = 1 - daysAgo / DEMO_DAYS
  switch (story) {
    case 'growing':
      return 0.6 + 0.9 * progress
    case 'champion':
      return 1.1
    case 'quietly_leaving':
      return daysAgo > 70 ? 1 : Math.max(0.04, (daysAgo / 70) ** 1.6)
    case 'struggling':
      return 0.75 - 0.3 * progress
    case 'churned':
      return daysAgo > 45 ? Math.max(0, (daysAgo - 45) / 135) : 0
    case 'unpaid':
      return 0.85
    case 'steady':
    case 'too_new':
      return 1
  }
}

/** The date `daysAgo` days before today. */
export function dayBefore(company: DemoCompany, daysAgo: number): string {
  return addDays(company.today, -daysAgo)
}

function companyNames(): string[] {
  return FIRST_WORDS.flatMap((first) => SECOND_WORDS.map((second) => `${first} ${second}`))
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, at: random.next() }))
  return keyed.toSorted((a, b) => a.at - b.at).map(({ item }) => item)
}

const FIRST_WORDS = [
  ...['Alder', 'Bright', 'Cobalt', 'Delta', 'Ember', 'Fjord', 'Granite', 'Harbor', 'Indigo', 'Juniper', 'Keystone'],
  ...['Lumen', 'Maple', 'Northwind', 'Orchard', 'Pioneer', 'Quarry', 'Ridge', 'Summit', 'Tidal', 'Umber', 'Verde'],
]
const SECOND_WORDS = [
  ...['Analytics', 'Bank', 'Clinic', 'Dynamics', 'Energy', 'Foods', 'Freight', 'Health', 'Labs', 'Logistics'],
  ...['Media', 'Mobility', 'Networks', 'Robotics', 'Schools', 'Systems'],
]
const FIRST_NAMES: readonly [string, ...string[]] = [
  'Ada',
  ...[
    'Ben',
    'Chidi',
    'Dana',
    'Elif',
    'Farid',
    'Grace',
    'Hugo',
    'Ines',
    'Jonas',
    'Kavya',
    'Liam',
    'Mei',
    'Noor',
    'Olga',
  ],
  ...['Pavel', 'Rosa', 'Sven', 'Tara', 'Yuki'],
]
const LAST_NAMES: readonly [string, ...string[]] = [
  'Abbott',
  ...[
    'Bauer',
    'Costa',
    'Dubois',
    'Eriksen',
    'Ferrari',
    'Gupta',
    'Hansen',
    'Ito',
    'Jensen',
    'Khan',
    'Lindgren',
    'Moreau',
  ],
  ...['Novak', 'Osei', 'Park', 'Quinn', 'Rossi', 'Silva', 'Tanaka'],
]
