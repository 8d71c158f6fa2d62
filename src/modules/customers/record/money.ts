/** Converts a decimal amount to cents: 50000.5 → 5000050. Tools use decimals, the database integer minor units. */
export function toCents(amount: number): number {
  return Math.round(amount * 100)
}

export function fromCents(cents: number): number {
  return cents / 100
}
