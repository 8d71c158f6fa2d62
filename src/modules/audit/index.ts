import type { Module } from '#kernel/module'

/** The audit chain: sealing, proof, reading, retention. */
export type Audit = Readonly<Record<string, never>>

export function auditModule(): Module<Audit> {
  return {
    name: 'audit',
    api: {},
    scopes: [
      { scope: 'audit:read', describe: 'read the audit trail of the organisation, and nothing else', least: 'admin' },
    ],
  }
}
