/** A name that must be unique across modules, and the module that declares it. */
export interface DeclaredName {
  /** `setting`, `metric`, `event`, `job`, `command`. */
  readonly kind: string
  readonly name: string
  readonly module: string
}

/** Throws when a name is declared twice; the message lists each with its modules. */
export function requireDeclaredOnce(declared: readonly DeclaredName[]): void {
  const same = Map.groupBy(declared, ({ kind, name }) => `${kind} ${name}`)
  const twice = [...same]
    .filter(([, { length }]) => length > 1)
    .map(([what, all]) => `${what}: by ${all.map(({ module }) => module).join(' and by ')}`)
  if (twice.length > 0) throw new Error(`Declared twice:\n- ${twice.join('\n- ')}`)
}
