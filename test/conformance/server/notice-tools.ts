import { setTimeout as pause } from 'node:timers/promises'
import type { ServerEventBus } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Interaction } from '#kernel/calls/interaction'
import { plainTool } from '../../support/plain-tool.ts'
import type { Tool } from '#kernel/calls/tool'
import { CONFORMANCE_SCOPE } from './content-tools.ts'

/** The suite requires pauses between the notices. */
const BETWEEN_MILLISECONDS = 50

/** Fixtures that send notices before their result, or to other streams. */
export function noticeTools(bus: ServerEventBus): readonly Tool[] {
  return [
    telling('test_tool_with_progress', 'Progress', async (interaction) => {
      for (const done of [0, 50, 100]) {
        interaction.progress(done, 100, `Completed step ${done} of 100`)
        await pause(BETWEEN_MILLISECONDS)
      }
      return 'Tool with progress executed.'
    }),
    telling('test_tool_with_logging', 'Log messages', async (interaction) => {
      for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        interaction.note('info', message)
        await pause(BETWEEN_MILLISECONDS)
      }
      return 'Tool with logging executed.'
    }),
    telling('test_logging_tool', 'One log message', async (interaction) => {
      interaction.note('info', 'test_logging_tool ran')
      return 'Logging tool executed.'
    }),
    telling('test_trigger_tool_change', 'Change of the tool list', async () => {
      bus.publish({ kind: 'tools_list_changed' })
      return 'Published a change of the tool list.'
    }),
    telling('test_trigger_prompt_change', 'Change of the prompt list', async () => {
      bus.publish({ kind: 'prompts_list_changed' })
      return 'Published a change of the prompt list.'
    }),
    telling('test_reconnection', 'Reconnection', async () => 'Reconnection test completed.'),
  ]
}

function telling(name: string, title: string, run: (interaction: Interaction) => Promise<string>): Tool {
  return plainTool({
    name,
    title,
    describe: `Conformance fixture: ${title.toLowerCase()}.`,
    effect: 'read',
    scope: CONFORMANCE_SCOPE,
    input: z.object({}),
    output: z.object({ text: z.string() }),
    run: async (_ctx, _input, interaction) => ({ text: await run(interaction) }),
  })
}
