import type { CommandOutput } from '#kernel/commands/command'
import { print, printTable } from './output.ts'
import { progressBar } from './progress.ts'

/** The terminal output of the commands of modules. */
export const commandOutput: CommandOutput = { print, table: printTable, progress: progressBar }
