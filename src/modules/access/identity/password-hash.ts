import { hashPassword, verifyPassword } from 'better-auth/crypto'

/** scrypt (N=16384, r=16, p=1), off the event loop: each costs about 32 MiB and a tenth of a second. */
export const passwordHashing = {
  hash: (password: string) => hashPassword(password),
  verify: ({ hash, password }: { hash: string; password: string }) => verifyPassword({ hash, password }),
}
