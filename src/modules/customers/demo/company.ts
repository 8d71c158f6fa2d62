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
  readonly seats: number
  readonly annualValue: number
  readonly billing: 'monthly' | 'quarterly' | 'annual'
  readonly csm: string
  /** The users. The first is the contact for everything. */
  readonly people: readonly [DemoPerson, ...DemoPerson[]]
  /** The days before today on which the CSM spoke with one of the people, newest first. */
  readonly calls: readonly DemoCall[]
  /** The share of the customer's users who are active on an ordinary working day. */
  readonly activeShare: number
}

export interface DemoCall {
  readonly daysAgo: number
  readonly with: DemoPerson
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

/** The fee of a plan and the price of a seat a year in USD, the most users, and how often is paid. */
const PLANS = {
  starter: { fee: 0, price: 480, usersMax: 3, billing: 'monthly' },
  standard: { fee: 9000, price: 900, usersMax: 6, billing: 'monthly' },
  professional: { fee: 45_000, price: 1500, usersMax: 9, billing: 'quarterly' },
  enterprise: { fee: 180_000, price: 2400, usersMax: 16, billing: 'annual' },
} as const

function demoCustomer(random: Random, story: Story, name: string): DemoCustomer {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const tier = random.pick(['starter', 'standard', 'standard', 'professional', 'professional', 'enterprise'])
  const { fee, price, usersMax, billing } = PLANS[tier]
  const firstName = random.between(0, FIRST_NAMES.length - 1)
  const others = Array.from({ length: random.between(1, usersMax - 1) }, (_, index) =>
    demoPerson(random, slug, index + 1, firstName),
  )
  const people = [demoPerson(random, slug, 0, firstName), ...others] as const
  // Nearly every seat is in use, but for customers who bought for more people than came.
  const seats = people.length + (story === 'struggling' ? random.between(2, 4) : random.between(0, 2))
  const discount = random.pick([0, 0, 0, 0.1, 0.15])
  const ageDays = story === 'too_new' ? random.between(1, 6) : random.between(120, 1100)
  return {
    clientId: `cs_${slug.replaceAll('-', '_')}`,
    name,
    industry: INDUSTRIES[name.split(' ')[1] ?? ''] ?? 'Software',
    tier,
    story,
    ageDays,
    seats,
    annualValue: Math.round((fee + seats * price) * (1 - discount)),
    billing,
    csm: random.pick(['Priya Natarajan', 'Tom Becker', 'Ana Duarte', 'Lena Fischer', 'Sam Okafor']),
    people,
    calls: callsOf(random, story, ageDays, people),
    activeShare: story === 'champion' ? 0.45 + 0.2 * random.next() : 0.16 + 0.2 * random.next(),
  }
}

/** How many days ago the last call was, and the days from one call to the next. */
const CALLS: Readonly<Record<Story, { readonly last: readonly [number, number]; readonly apart: number }>> = {
  champion: { last: [1, 6], apart: 14 },
  growing: { last: [1, 12], apart: 18 },
  steady: { last: [1, 24], apart: 30 },
  struggling: { last: [1, 20], apart: 21 },
  unpaid: { last: [2, 24], apart: 30 },
  quietly_leaving: { last: [38, 75], apart: 30 },
  churned: { last: [60, 90], apart: 30 },
  too_new: { last: [DEMO_DAYS, DEMO_DAYS], apart: 30 },
}

function callsOf(random: Random, story: Story, ageDays: number, people: DemoCustomer['people']): DemoCall[] {
  const { last, apart } = CALLS[story]
  const calls: DemoCall[] = []
  // Most calls are with the first contact, and the last one always is.
  for (let daysAgo = random.between(...last); daysAgo < Math.min(DEMO_DAYS, ageDays); ) {
    calls.push({ daysAgo, with: calls.length === 0 || random.chance(0.6) ? people[0] : random.pick(people) })
    daysAgo += apart + random.between(-5, 10)
  }
  return calls
}

function demoPerson(random: Random, slug: string, index: number, firstName: number): DemoPerson {
  // A step that shares no factor with the number of names: nobody at a customer has the same one.
  const first = FIRST_NAMES[(firstName + 7 * index) % FIRST_NAMES.length] ?? ''
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
/** The industry that the second word of a name stands for. */
const INDUSTRIES: Readonly<Record<string, string>> = {
  Analytics: 'Software',
  Bank: 'Financial Services',
  Clinic: 'Healthcare',
  Dynamics: 'Manufacturing',
  Energy: 'Energy',
  Foods: 'Food & Beverage',
  Freight: 'Logistics',
  Health: 'Healthcare',
  Labs: 'Life Sciences',
  Logistics: 'Logistics',
  Media: 'Media',
  Mobility: 'Transportation',
  Networks: 'Telecommunications',
  Robotics: 'Manufacturing',
  Schools: 'Education',
  Systems: 'Software',
}
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
