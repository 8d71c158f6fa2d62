import { CLAIMS } from './forged-tokens/claims.ts'
import { FORM, HEADER, SIGNATURE } from './forged-tokens/form.ts'
import { KEY_CHOICE, KEY_CONFUSION } from './forged-tokens/keys.ts'
import type { ForgeryKind } from './forged-tokens/kit.ts'

export type { ForgeryKind, ForgeryKit } from './forged-tokens/kit.ts'

/** All known kinds of forged and malformed tokens. */
export const FORGED_TOKENS: readonly ForgeryKind[] = [
  ...KEY_CONFUSION,
  ...KEY_CHOICE,
  ...FORM,
  ...HEADER,
  ...CLAIMS,
  ...SIGNATURE,
]
