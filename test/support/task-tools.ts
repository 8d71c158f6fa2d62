import { z } from 'zod'
import type { Scope } from '#kernel/principal'
import type { ToolOutcome } from '#kernel/calls/call-tool'
import { tasksModule } from '../../src/modules/tasks/index.ts'
import type { TestDatabase } from './database.ts'
import { TEST_CONFIRM_TOKENS, testTenant } from './tenant.ts'
import type { TestTenant } from './tenant.ts'
import { resultOf, toolCaller } from './tool-caller.ts'

const call = toolCaller(
  Object.values(tasksModule({ confirmTokens: TEST_CONFIRM_TOKENS }).server?.toolsets ?? {}).flat(),
)

type Arguments = Readonly<Record<string, unknown>>
interface At {
  readonly now?: string
  readonly scopes?: readonly Scope[]
}

const Preview = z.object({ confirmation: z.object({ confirm_token: z.string() }) })

/** The task tools of one person, called like a surface calls them. */
export interface TaskPerson {
  readonly tenant: TestTenant
  readonly userId: string
  call(name: string, args?: Arguments, at?: At): Promise<ToolOutcome>
  /** The result of a successful call. */
  result(name: string, args?: Arguments, at?: At): Promise<Record<string, unknown>>
  /** The result of a successful call, confirmed when the answer is a preview. */
  confirmed(name: string, args: Arguments): Promise<Record<string, unknown>>
  /** Adds a task and returns its id. */
  add(args: Arguments): Promise<number>
  /** The task as get_task shows it. */
  task(taskId: number, at?: At): Promise<Record<string, unknown>>
}

/** A person in a new tenant, or in the given one. */
export async function taskPerson(
  database: TestDatabase,
  tenant?: TestTenant,
  userId: string = 'usr_1',
): Promise<TaskPerson> {
  const own = tenant ?? (await testTenant(database))
  const person: TaskPerson = {
    tenant: own,
    userId,
    call: (name, args = {}, { now, scopes } = {}) => {
      const clock = now === undefined ? undefined : () => new Date(now)
      return call(own, name, args, { userId, ...(clock && { clock }), ...(scopes && { scopes }) })
    },
    result: async (name, args, at) => resultOf(await person.call(name, args, at)),
    confirmed: async (name, args) => {
      const answer = await person.result(name, args)
      const { data } = Preview.safeParse(answer)
      if (data === undefined) return answer
      return person.result(name, { ...args, confirm_token: data.confirmation.confirm_token })
    },
    add: async (args) => Number((await person.result('create_task', args))['id']),
    task: async (task_id, at) => (await person.result('get_task', { task_id }, at))['task'] as Record<string, unknown>,
  }
  return person
}

/** The audit events of the tenant, as action and subject, in alphabetical order. */
export async function taskAudit(database: TestDatabase, tenant: TestTenant): Promise<string[]> {
  const { rows } = await database.owner.query<{ action: string; subject: string }>(
    `select action, subject from audit.events where tenant_id = $1 and action like 'tasks.%'`,
    [tenant.tenantId],
  )
  return rows.map((row) => `${row.action} ${row.subject}`).toSorted()
}
