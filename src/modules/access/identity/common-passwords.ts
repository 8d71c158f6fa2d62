/** The estimated number of guesses for 8 random characters. */
const GUESSES_MIN = 100_000_000
/** A word that takes fewer guesses is one of the ten thousand most common passwords. */
const WORD_GUESSES_MIN = 10_000

/**
 * Whether a password is common or similar to a common one (NIST SP 800-63B, 5.1.1.2, requires the check). A common word
 * surrounded only by digits and punctuation counts as common, however many there are.
 */
export async function isCommonPassword(password: string): Promise<boolean> {
  const { guessesOf } = await import('./password-estimate.ts')
  const word = password.replace(/^[\d\W_]+|[\d\W_]+$/gu, '')
  return guessesOf(password) < GUESSES_MIN || guessesOf(word) < WORD_GUESSES_MIN
}
