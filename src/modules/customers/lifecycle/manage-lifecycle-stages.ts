import { freeText } from '#kernel/audit'
import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import { change } from '#kernel/writes/change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { customerEvents } from '../domain-events.ts'
import { customerTags } from '../record/cache-tags.ts'
import { lockCustomer, requireCustomer } from '../record/store/customers.ts'
import { moveStage } from '../record/store/stage-changes.ts'
import { addTimelineEvent } from '../record/store/timeline.ts'
import { dayOf } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { roundScore, roundTo } from '../record/rounding.ts'
import { ManageLifecycleStagesInput, ManageLifecycleStagesOutput } from './lifecycle-contract.ts'
import { ClientId, Stage } from '../record/contract.ts'
import { findStage, listStageHistory, stageCandidates, stageDistribution, stageMoves } from './store/stages.ts'
import { stageRules, suggestStage } from './suggest-stage.ts'

const SUGGESTIONS_SHOWN = 25
const DAY_MILLISECONDS = 86_400_000

/**
 * Reads stages and their history, or moves a customer to another stage. A move is a separate change, which requires
 * `customers:write`.
 */
export function manageLifecycleStages(settings: HealthSettings) {
  return operation({
    scope: 'customers:read',
    effect: 'update',
    input: ManageLifecycleStagesInput,
    output: ManageLifecycleStagesOutput,
    async run(ctx, input): Promise<ManageLifecycleStagesOutput> {
      const { action, client_id: clientId } = input
      if (clientId === undefined) return overview(ctx, input, settings)
      if (action === 'update_stage' || action === 'transition') {
        const moved = await transition(ctx, { ...input, client_id: clientId })
        const notification = notificationOf(input, moved)
        const outcome = moved.from === moved.to ? { unchanged: moved.to } : { moved }
        return { action, ...outcome, client: await clientStage(ctx, clientId), notification }
      }
      if (action === 'get_history') return { action, ...(await clientHistory(ctx, clientId)) }
      return {
        action,
        client: await clientStage(ctx, clientId),
        ...(input.include_transitions && { transitions: await stageMoves(ctx, clientId) }),
        ...(input.intervention_planning && (await suggestions(ctx, input, settings))),
        ...(input.automation_rules && { automation_rules: stageRules(settings) }),
      }
    },
  })
}

type Moved = NonNullable<ManageLifecycleStagesOutput['moved']>

const { new_stage, current_stage, transition_reason, automated, notify_team } = ManageLifecycleStagesInput.shape

const transition = change({
  action: 'customers.move-stage',
  scope: 'customers:write',
  effect: 'update',
  input: z.strictObject({ client_id: ClientId, new_stage, current_stage, transition_reason, automated, notify_team }),
  output: z.strictObject({ from: Stage, to: Stage }),
  async work(ctx, input) {
    const before = await lockCustomer(ctx, input.client_id)
    const { new_stage: to = before.lifecycle_stage, current_stage: expected } = input
    const from = before.lifecycle_stage
    if (expected !== undefined && expected !== from) throw stageConflict(expected, from)
    const moved = { from, to }
    if (from === to) return { result: moved, subject: input.client_id, before: from, after: to }
    const reason = input.transition_reason ?? null
    await moveStage(ctx, input.client_id, { from, to, reason, automated: input.automated })
    await addTimelineEvent(ctx, input.client_id, {
      event_type: to === 'renewal' ? 'renewal' : to === 'onboarding' ? 'onboarding' : 'contract',
      category: 'lifecycle',
      title: `Stage ${from} → ${to}`,
      description: reason ?? '',
      impact: to === 'at_risk' || to === 'churned' ? 'negative' : 'positive',
      severity: to === 'churned' ? 'critical' : to === 'at_risk' ? 'high' : 'info',
    })
    return {
      result: moved,
      subject: input.client_id,
      before: { lifecycle_stage: from },
      after: { lifecycle_stage: to, reason: freeText(`customer:${input.client_id}`, ctx.clock(), reason) },
      events: [customerEvents.stageChanged({ client_id: input.client_id, from, to, notify_team: input.notify_team })],
      invalidates: [customerTags.client(input.client_id), customerTags.clients],
    }
  },
})

/**
 * The notification status of a stage change: an event is published, but no channel (mail, chat) is connected to notify
 * anybody.
 */
function notificationOf(
  input: ManageLifecycleStagesInput,
  { from, to }: Moved,
): NonNullable<ManageLifecycleStagesOutput['notification']> {
  const event = customerEvents.stageChanged.name
  if (from === to) return { status: 'no_change', event, told: 'nobody: the customer was already in that stage' }
  if (!input.notify_team) return { status: 'not_asked', event, told: 'nobody' }
  return { status: 'published', event, told: 'subscribers of the event; no mail or chat channel is connected' }
}

async function overview(
  ctx: Ctx,
  input: ManageLifecycleStagesInput,
  settings: HealthSettings,
): Promise<ManageLifecycleStagesOutput> {
  const shares = await stageDistribution(ctx, input.current_stage, settings.atRiskBelow)
  return {
    action: input.action,
    stage_distribution: shares.map(({ average_health, median_days, ...share }) => ({
      ...share,
      average_health: roundScore(average_health),
      median_days_in_stage: roundTo(median_days, 1),
    })),
    ...(input.include_transitions && { transitions: await stageMoves(ctx, undefined) }),
    ...(input.intervention_planning && (await suggestions(ctx, input, settings))),
    ...(input.automation_rules && { automation_rules: stageRules(settings) }),
  }
}

async function suggestions(ctx: Ctx, input: ManageLifecycleStagesInput, settings: HealthSettings) {
  const rules = { ...settings, today: dayOf(ctx.clock()) }
  const found = await stageCandidates(ctx, { clientId: input.client_id, stage: input.current_stage }, rules)
  return {
    suggested_moves: found.slice(0, SUGGESTIONS_SHOWN).map((candidate) => suggestStage(candidate, rules)),
    suggested_total: found.length,
  }
}

async function clientStage(ctx: Ctx, clientId: string): Promise<NonNullable<ManageLifecycleStagesOutput['client']>> {
  const { since, ...row } = await findStage(ctx, clientId)
  if (since === null) return { ...row, since, days_in_stage: null }
  const days = Math.max(0, Math.floor((ctx.clock().getTime() - since.getTime()) / DAY_MILLISECONDS))
  return { ...row, since: since.toISOString(), days_in_stage: days }
}

async function clientHistory(ctx: Ctx, clientId: string): Promise<Pick<ManageLifecycleStagesOutput, 'history'>> {
  await requireCustomer(ctx, clientId)
  const rows = await listStageHistory(ctx, clientId)
  return {
    history: rows.map((row) => ({
      at: row.changed_at.toISOString(),
      from: row.from_stage,
      to: row.to_stage,
      reason: row.reason,
      automated: row.automated,
      by: row.actor,
    })),
  }
}

function stageConflict(expected: string, actual: string): Failure {
  return new Failure('conflict', `The customer is in the stage ${actual}, not ${expected}.`, {
    code: 'STAGE_CONFLICT',
    problems: [{ path: 'current_stage', expected: 'the stage the customer is in, or no value', example: actual }],
  })
}
