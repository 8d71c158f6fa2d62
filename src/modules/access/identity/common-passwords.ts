/**
 * Words that the commonest passwords are made of (the heads of the yearly lists of NordPass and of SecLists'
 * 10k-most-common): with a capital and a few digits after them they pass every rule about characters.
 */
const COMMON_WORDS = new Set(
  (
    'password passwort motdepasse contrasena senha parola pass passw0rd p@ssword p@ssw0rd pa$$word passwd ' +
    'welcome welcome@ letmein admin administrator root user guest test tester testing demo default changeme ' +
    'change secret login access master system server qwerty qwertz azerty qwertyuiop asdfgh asdfghjkl zxcvbn ' +
    'zxcvbnm qazwsx qwe asd zxc abc abcd abcde abcdef abcdefg abcdefgh aa aaa aaaa iloveyou loveyou love ' +
    'sunshine princess dragon monkey football baseball basketball soccer hockey liverpool chelsea arsenal ' +
    'superman batman spiderman starwars pokemon naruto minecraft michael jordan jessica ashley daniel thomas ' +
    'charlie andrew robert jennifer michelle nicole hunter ranger buster tigger shadow summer winter spring ' +
    'autumn monday friday january february march april june july august september october november december ' +
    'computer internet google facebook twitter samsung iphone android windows microsoft apple hello hello@ ' +
    'freedom whatever trustno killer pepper ginger cookie cheese flower purple orange banana chocolate ' +
    'company office work home plimsoll temp temporary newpass mypass'
  ).split(' '),
)

/** Digits and punctuation before or after a word do not make it rarer. */
export function isCommonPassword(password: string): boolean {
  const lower = password.toLowerCase()
  const word = lower.replace(/^[\d\W_]+|[\d\W_]+$/gu, '')
  return COMMON_WORDS.has(lower) || COMMON_WORDS.has(word) || COMMON_WORDS.has(plain(word)) || /^(.)\1+$/.test(word)
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '@': 'a',
  '5': 's',
  $: 's',
}

function plain(word: string): string {
  return word.replace(/[01345@$]/g, (character) => LOOKALIKES[character] ?? character)
}
