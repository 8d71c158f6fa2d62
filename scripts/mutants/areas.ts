/** What is tried without arguments: rules, stores, access, money. Each area is reported by itself. */
export const AREAS: Readonly<Record<string, readonly string[]>> = {
  kernel: ['src/kernel/writes/*.ts', 'src/kernel/cache/*.ts', 'src/kernel/calls/*.ts'],
  access: ['src/modules/access/**/*.ts'],
  customers: ['src/modules/customers/**/*.ts'],
  tasks: ['src/modules/tasks/**/*.ts'],
  audit: ['src/modules/audit/**/*.ts'],
  privacy: ['src/modules/privacy/**/*.ts'],
  surfaces: ['src/surfaces/**/*.ts'],
}

/** Words and wiring: what they say is held by snapshots, schemas and types. */
export const LEFT_OUT: readonly string[] = [
  '**/*.test.ts',
  '**/tools/*.ts',
  '**/{index,toolset,routes,contract,settings,metrics,commands,api}.ts',
  '**/*-contract.ts',
  'src/modules/customers/demo/**',
  'src/modules/access/commands/**',
  'src/modules/access/identity/common-passwords.ts',
]
