import { z } from 'zod'
import type { Answer, Interaction, Question } from '#kernel/calls/interaction'
import { plainTool } from '../../support/plain-tool.ts'
import type { Tool } from '#kernel/calls/tool'
import { CONFORMANCE_SCOPE } from './content-tools.ts'
import { CHOICES, DEFAULTS } from './forms.ts'

const field = (name: string, type: 'string' | 'boolean') => ({
  type: 'object',
  properties: { [name]: { type } },
  required: [name],
})

const form = (message: string, schema: Readonly<Record<string, unknown>>): Question => ({
  kind: 'form',
  message,
  schema,
})
const name = form('What is your name?', field('name', 'string'))
const confirm = form('Please confirm', field('ok', 'boolean'))
const completion = (prompt: string): Question => ({ kind: 'completion', prompt, tokensMax: 100 })

/** Fixtures that ask their caller questions. The suite defines their names and keys. */
export const askingTools: readonly Tool[] = [
  asking('test_input_required_result_elicitation', async (interaction) => {
    const { user_name } = await interaction.ask({ user_name: name })
    return `Hello, ${valueOf(user_name, 'name')}!`
  }),
  asking('test_input_required_result_sampling', async (interaction) => {
    const { capital_question } = await interaction.ask({
      capital_question: completion('What is the capital of France?'),
    })
    return said(capital_question)
  }),
  asking('test_input_required_result_list_roots', async (interaction) => {
    const { client_roots } = await interaction.ask({ client_roots: { kind: 'roots' } })
    return `Roots: ${client_roots?.kind === 'roots' ? client_roots.uris.join(', ') : ''}`
  }),
  asking('test_input_required_result_request_state', async (interaction) => {
    await interaction.ask({ confirm })
    return 'state-ok: the state came back as it was.'
  }),
  asking('test_input_required_result_tampered_state', async (interaction) => {
    await interaction.ask({ confirm })
    return 'The state came back as it was.'
  }),
  asking('test_input_required_result_multiple_inputs', async (interaction) => {
    await interaction.ask({ user_name: name, greeting: completion('Say hello.'), client_roots: { kind: 'roots' } })
    return 'All inputs received.'
  }),
  asking('test_input_required_result_multi_round', async (interaction) => {
    const { step1 } = await interaction.ask({ step1: form('Step 1: What is your name?', field('name', 'string')) })
    const { step2 } = await interaction.ask({
      step2: form('Step 2: What is your favourite colour?', field('color', 'string')),
    })
    return `${valueOf(step1, 'name')} likes ${valueOf(step2, 'color')}.`
  }),
  asking('test_input_required_result_capabilities', async (interaction) => {
    const questions: Record<string, Question> = {}
    if (interaction.can('form')) questions['elicit_input'] = name
    if (interaction.can('completion')) questions['sample_input'] = completion('Say hi.')
    const answers = await interaction.ask(questions)
    return `${Object.keys(answers).length} answers received.`
  }),
  asking('test_missing_capability', async (interaction) =>
    said((await interaction.ask({ sample: completion('Ping.') }))['sample']),
  ),
  asking('test_streaming_elicitation', async (interaction) => {
    const { answer } = await interaction.ask({ answer: form('Answer?', field('answer', 'string')) })
    return `Answered ${valueOf(answer, 'answer')}.`
  }),
  asking('test_elicitation_sep1034_defaults', async (interaction) => {
    const { details } = await interaction.ask({
      details: form('Please review the fields and their defaults', DEFAULTS),
    })
    return `Elicitation completed: ${shown(details)}`
  }),
  asking('test_elicitation_sep1330_enums', async (interaction) => {
    const { choices } = await interaction.ask({ choices: form('Please select options', CHOICES) })
    return `Elicitation completed: ${shown(choices)}`
  }),
  plainTool({
    ...fixture('test_elicitation'),
    input: z.object({ message: z.string().describe('What to show the user') }),
    run: async (_ctx, { message }, interaction) => {
      const schema = {
        type: 'object',
        properties: { username: { type: 'string' }, email: { type: 'string' } },
        required: [],
      }
      const { profile } = await interaction.ask({ profile: form(message, schema) })
      return { text: `User response: ${shown(profile)}` }
    },
  }),
  plainTool({
    ...fixture('test_sampling'),
    input: z.object({ prompt: z.string().describe('What to send to the model') }),
    run: async (_ctx, { prompt }, interaction) => {
      const { completion: answer } = await interaction.ask({ completion: completion(prompt) })
      return { text: `LLM response: ${said(answer)}` }
    },
  }),
]

function asking(toolName: string, run: (interaction: Interaction) => Promise<string>): Tool {
  return plainTool({
    ...fixture(toolName),
    input: z.object({}),
    run: async (_ctx, _input, interaction) => ({ text: await run(interaction) }),
  })
}

function fixture(toolName: string) {
  const title = toolName.replaceAll('_', ' ')
  return {
    name: toolName,
    title,
    describe: `Conformance fixture: ${title}.`,
    effect: 'read',
    scope: CONFORMANCE_SCOPE,
    asks: true,
    output: z.object({ text: z.string() }),
  } as const
}

function valueOf(answer: Answer | undefined, key: string): string {
  const value = answer?.kind === 'form' ? answer.content[key] : undefined
  return typeof value === 'string' ? value : ''
}

function said(answer: Answer | undefined): string {
  return answer?.kind === 'completion' ? answer.text : ''
}

function shown(answer: Answer | undefined): string {
  return answer?.kind === 'form' ? `action=${answer.action}, content=${JSON.stringify(answer.content)}` : ''
}
