import { z } from 'zod'

/** The trivial tool of every server under test. */
export const echoShape = {
  name: 'echo',
  title: 'Echo',
  description: 'Return the text it was given.',
  input: z.strictObject({ text: z.string().max(1000).describe('What to return.') }),
  output: z.object({ text: z.string() }),
}
