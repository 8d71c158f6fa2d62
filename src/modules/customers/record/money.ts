/** 50000.5 → 5000050. Tools speak decimal numbers, the database whole minor units. */
export function toCents(amount: number): number {
  return Math.round(amount * 100)
}

export function fromCents(cents: number): number {
  return cents / 100
}
