import type { Clock } from '../clock.ts'
import type { Argument, Given, Option } from './command-values.ts'
import type { Ctx } from '../context.ts'
import type { Platform } from '../platform.ts'

/** A command of the command line, declared by a module as data: `plimsoll import`. */
export interface Command<Api = unknown> {
  readonly name: string
  readonly describe: string
  /** Positional arguments, in this order. */
  readonly arguments?: Readonly<Record<string, Argument<unknown>>>
  /** `readOnly` is given as `--read-only`. */
  readonly options?: Readonly<Record<string, Option<unknown>>>
  /**
   * Runs the command; resolves with the exit code where that is not 0. A `Failure` is printed as one line, with exit
   * code 1.
   */
  run(open: OpenCommandApp<Api>, given: object, output: CommandOutput): Promise<number | undefined>
}

/** Commands under a common name: `plimsoll keys create`, `plimsoll keys list`. */
export interface CommandGroup<Api = unknown> {
  readonly name: string
  readonly describe: string
  readonly commands: readonly Command<Api>[]
}

/**
 * Opens the application beside a running server, without listening; it is closed when the command ends. A command that
 * never calls it needs no database.
 */
export type OpenCommandApp<Api> = () => Promise<CommandApp<Api>>

export interface CommandApp<Api> {
  /** The API of the module that declares the command. */
  readonly api: Api
  readonly platform: Platform
  readonly clock: Clock
  /** The ids of all tenants. */
  tenants(): Promise<readonly string[]>
  /**
   * A context with every scope of the tenant and the statement timeout of jobs. The audit trail names the
   * operating-system user.
   */
  context(tenantId: string, signal?: AbortSignal): Ctx
  /** The same, throwing `not_found` for a tenant that does not exist. */
  tenantContext(tenantId: string, signal?: AbortSignal): Promise<Ctx>
  /** Aborted on Ctrl+C. */
  stopSignal(): AbortSignal
}

export interface CommandOutput {
  print(text: string): void
  /** Prints rows as aligned columns, headed by their names. */
  table(rows: readonly Readonly<Record<string, string>>[]): void
  /** A progress bar, on a terminal only. */
  progress(): ProgressBar
}

export interface ProgressBar {
  update(progress: { readonly label: string; readonly done: number; readonly total: number }): void
  stop(): void
}

/**
 * Declares commands of a module with this API: `const command = commandOf<Access>()`. `run` receives the types of the
 * arguments and options.
 */
export function commandOf<Api>() {
  return <A extends object = object, O extends object = object>(
    shape: Omit<Command<Api>, 'run' | 'arguments' | 'options'> & {
      readonly arguments?: A
      readonly options?: O
      run(open: OpenCommandApp<Api>, given: Given<A> & Given<O>, output: CommandOutput): Promise<number | void>
    },
  ): Command<Api> =>
    // safe because: the command line gives `run` what the arguments and options declare.
    shape as unknown as Command<Api>
}
