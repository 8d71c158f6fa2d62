import { describe, expect, it } from 'vitest'
import { isDistinctive, mentionsOf } from './mentions.ts'
import { personOf } from './person.ts'

const ada = personOf({ emails: ['Ada@Example.com'], phones: ['+1 (415) 555-0123'], names: ['Ada Lovelace'] })
const { scrub, scrubJson } = mentionsOf(ada)

describe('a mention of a person', () => {
  it.each([
    ['mail ADA@example.COM.', 'mail [erased].'],
    ['<ada@example.com>', '<[erased]>'],
    ['message-1-ada@example.com', 'message-1-[erased]'],
    ['?to=ada%40example.com&x=1', '?to=[erased]&x=1'],
    ['call +1 415 555 0123 now', 'call [erased] now'],
    ['call (415) 555-0123', 'call [erased]'],
    ['001-415-555-0123', '[erased]'],
    ['14155550123', '[erased]'],
    ['ask ada  lovelace, please', 'ask [erased], please'],
    ['LOVELACE, Ada', '[erased]'],
    ['q=Ada+Lovelace', 'q=[erased]'],
  ])('in %j is replaced', (text, scrubbed) => {
    expect(scrub(text)).toBe(scrubbed)
  })

  it.each([
    'canada@example.com',
    'lovelace.ada@example.com',
    'ada@example.com.au',
    'ada@example.community',
    'Ada alone',
    'Canada Lovelaces',
    'ada.lovelace@elsewhere.org',
    '4155550124',
    '55501234155550123999',
  ])('is not in %j, which is another’s', (text) => {
    expect(scrub(text)).toBe(text)
  })

  it('is found in strings, keys and numbers of JSON, whose rest stays byte for byte', () => {
    const json =
      '{"who": "say \\"ada@example.com\\"", "Ada Lovelace": 1.50, "tel": 14155550123, "big": 12345678901234567890}'
    expect(scrubJson(json)).toBe(
      '{"who": "say \\"[erased]\\"", "[erased]": 1.50, "tel": null, "big": 12345678901234567890}',
    )
  })

  it('is found whatever form its accents have', () => {
    const { scrub: scrubJose } = mentionsOf(personOf({ names: ['José Peña'] }))
    expect(scrubJose('JOSÉ PEÑA and José Peña'.normalize('NFC'))).toBe('[erased] and [erased]')
    expect(scrubJose('José Peña'.normalize('NFD'))).toBe('[erased]')
  })

  it('never makes a text longer', () => {
    const { scrub: scrubShort } = mentionsOf(personOf({ emails: ['a@b.c'] }))
    expect(scrubShort('to a@b.c')).toBe('to *****')
  })

  it('is not looked for by a word that may mean anything', () => {
    expect(['Support', 'Max', 'A B', ' - '].filter(isDistinctive)).toEqual([])
    expect(['Ada Lovelace', '山田太郎'].filter(isDistinctive)).toEqual(['Ada Lovelace', '山田太郎'])
    expect(mentionsOf(personOf({ names: ['Support'], refs: ['user:usr_1'] })).pattern).toBeNull()
  })
})
