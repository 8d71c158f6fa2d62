import { keepCompiledCode } from '#kernel/startup/compiled-code'

// `plimsoll`. The rest is imported once compiled code is kept, so that the next command reads it.
keepCompiledCode()
const { runCommandLine } = await import('./command-line.ts')
await runCommandLine(process.env)
