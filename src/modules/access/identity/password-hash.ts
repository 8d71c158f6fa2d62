import { hashPassword, verifyPassword } from 'better-auth/crypto'

/** Hashes passwords with scrypt (N=16384, r=16, p=1), off the event loop; each hash takes about 32 MiB and 0.1 s. */
export const passwordHashing = {
  hash: (password: string) => hashPassword(password),
  verify: ({ hash, password }: { hash: string; password: string }) => verifyPassword({ hash, password }),
}
