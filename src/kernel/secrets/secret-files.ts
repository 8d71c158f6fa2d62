import { open } from 'node:fs/promises'
import type { SettingProblem } from '../config/load.ts'

const FILE_BYTES_MAX = 64 * 1024

export type FileRead = { readonly value: string } | { readonly problem: SettingProblem }

/** Reads the file that `<NAME>_FILE` names, without one final newline. */
export async function readSecretFile(variable: string, path: string): Promise<FileRead> {
  const wrong = (got: string): FileRead => ({
    problem: {
      env: variable,
      expected: 'the path of a file that holds the secret',
      got: `"${path}", ${got}`,
      example: `/run/secrets/${variable.replace(/_FILE$/, '').toLowerCase()}`,
    },
  })
  try {
    await using file = await open(path)
    const stat = await file.stat()
    if (!stat.isFile()) return wrong('which is not a file')
    if (stat.size > FILE_BYTES_MAX) return wrong(`which is larger than ${FILE_BYTES_MAX / 1024} KB`)
    const value = (await file.readFile('utf8')).replace(/\r?\n$/, '')
    return value.trim() === '' ? wrong('which is empty') : { value }
  } catch (error) {
    return wrong(reasonOf(error))
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'which does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'which this user may not read'
  if (code === 'EISDIR') return 'which is not a file'
  return `which cannot be read (${code === '' ? 'unknown reason' : code})`
}
