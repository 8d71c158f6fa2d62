/** What 8 random characters take. */
const GUESSES_MIN = 100_000_000
/** A word that takes fewer is one of the ten thousand commonest passwords. */
const WORD_GUESSES_MIN = 10_000

/**
 * Whether a password is among the commonest or close to one of them (NIST SP 800-63B, 5.1.1.2, asks for a list of them).
 * A common word with nothing but digits and punctuation around it is one, however many those are.
 */
export async function isCommonPassword(password: string): Promise<boolean> {
  const { guessesOf } = await import('./password-estimate.ts')
  const word = password.replace(/^[\d\W_]+|[\d\W_]+$/gu, '')
  return guessesOf(password) < GUESSES_MIN || guessesOf(word) < WORD_GUESSES_MIN
}
