import type { OpenContext } from '#kernel/context'
import type { Module } from '#kernel/module'
import type { Customers } from './api.ts'
import { accountsToolset } from './accounts/toolset.ts'
import { customersDeclarations } from './declarations.ts'
import { createDemo } from './demo/create-demo.ts'
import { groupedIngest } from './events/ingest.ts'
import { eventJobs } from './events/jobs.ts'
import { rollUp } from './events/roll-up.ts'
import { segmentRoutes } from './events/routes.ts'
import { recomputeHealth, recomputeHealthHistory, recomputeHealthJob } from './health/recompute-health.ts'
import { thinHistoryJob } from './health/thin-history.ts'
import { healthToolset } from './health/toolset.ts'
import { lifecycleToolset } from './lifecycle/toolset.ts'
import { segmentsToolset } from './segments/toolset.ts'
import { usageToolset } from './usage/toolset.ts'
import { importPaths } from './import/import-paths.ts'
import { customersPersonalData } from './privacy/holders.ts'
import type { HealthSettings } from './record/health-settings.ts'

export type { Customers }

export interface CustomersOptions {
  readonly settings: HealthSettings
  /**
   * Opens the context of a job, in which events of several requests are stored together: a request's own context could
   * be cancelled while others' events are being stored. Without it the module has no event routes.
   */
  readonly openContext?: OpenContext
}

/** Customer success: accounts, their usage, support, payments and surveys, and the health computed from them. */
export function customersModule({ settings, openContext }: CustomersOptions): Module<Customers> {
  const recompute = recomputeHealth(settings)
  const ingest = openContext && groupedIngest({ openContext })
  const [trackUsageEngagement, trackFeatureAdoption, analyzeEngagementPatterns] = usageToolset(settings)
  const [calculateHealthScore] = healthToolset(settings)
  const [manageLifecycleStages, trackAdoptionMilestones] = lifecycleToolset(settings)
  const [segmentCustomers, segmentByValueTier] = segmentsToolset(settings)
  return {
    ...customersDeclarations,
    scopes: [
      { scope: 'customers:read', describe: 'read customers, their usage, tickets and health', least: 'read-only' },
      {
        scope: 'customers:write',
        describe: 'register and change customers, send usage, score health',
        least: 'member',
      },
      {
        scope: 'events:write',
        describe: 'send usage events from web pages, with keys that everybody can read there',
        least: 'member',
      },
    ],
    api: {
      recomputeHealth: recompute,
      createDemo: createDemo(recomputeHealthHistory(settings)),
      importPaths: async (ctx, paths, options) => {
        const report = await importPaths(ctx, paths, options)
        if (report.dryRun) return report
        await rollUp(ctx)
        await recompute(ctx)
        return report
      },
    },
    server: {
      name: 'customers',
      title: 'Customer success',
      instructions: INSTRUCTIONS,
      toolsets: {
        accounts: accountsToolset(settings),
        health: [
          trackUsageEngagement,
          calculateHealthScore,
          segmentCustomers,
          trackFeatureAdoption,
          manageLifecycleStages,
          trackAdoptionMilestones,
          segmentByValueTier,
          analyzeEngagementPatterns,
        ],
      },
      mostUsed: MOST_USED,
    },
    ...(ingest !== undefined && {
      routes: segmentRoutes({ ingest }),
      background: () => ({ stop: ingest.drain }),
    }),
    jobs: [...eventJobs(), recomputeHealthJob(recompute), thinHistoryJob],
    personalData: customersPersonalData,
  }
}

const MOST_USED = [
  'list_clients',
  'get_client_overview',
  'calculate_health_score',
  'get_client_timeline',
  'register_client',
  'update_client_info',
]

const INSTRUCTIONS = `Customers of a subscription business: accounts, product usage, tickets, surveys, payments, and health computed from them.

Start with list_clients: with health_score_max 60 it lists who may churn, riskiest first, each with its top reason. Then get_client_overview for one of them, calculate_health_score for a fresh score with every component explained, and get_client_timeline for what happened.

Every figure comes from stored rows. Where there are none the answer is null or status not_enough_data with what is missing; do not fill the gap. Scores are 0 (lost) to 100 (thriving): under 40 critical, under 60 at risk, from 75 healthy, unless the settings say otherwise. Trends compare with the score of four weeks before. Churn probability names its rule and factors; it states no confidence.

All scores are recomputed every hour; a calculation with custom weights, another look-back or another threshold is a what-if and changes nothing current. Days are UTC, money is decimal in the account's currency.

register_client adds a customer; update_client_info changes one, manage_lifecycle_stages moves it between stages. track_usage_engagement records an event (event_name) or reports on a period (period_start, period_end). Customer ids are those you gave (cs_acme) or generated ones; list_clients shows them.`
