import { enableCompileCache } from 'node:module'
import path from 'node:path'

/**
 * Enables Node's compile cache for everything imported from now on: half the time of a start is spent compiling
 * TypeScript. It lies beside the dependencies, so that only those who may change the program may change it; if that
 * folder is not writable, nothing is cached. `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
export function keepCompiledCode(): void {
  enableCompileCache(path.join(import.meta.dirname, '../../../node_modules/.cache/plimsoll'))
}
