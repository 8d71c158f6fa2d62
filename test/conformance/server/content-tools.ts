import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { plainTool } from '../../support/plain-tool.ts'
import type { ContentPart, Tool } from '#kernel/calls/tool'

export const CONFORMANCE_SCOPE = 'conformance:read'

/** A PNG image of one red pixel. */
export const PIXEL_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** A WAV file without a sample. */
const SILENCE_WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA='

/** A fixture without arguments that returns these parts. */
function showing(name: string, title: string, parts: readonly ContentPart[]): Tool {
  return plainTool({
    name,
    title,
    describe: `Conformance fixture: ${title.toLowerCase()}.`,
    effect: 'read',
    scope: CONFORMANCE_SCOPE,
    input: z.object({}),
    output: z.object({}),
    present: () => parts,
    run: async () => ({}),
  })
}

const resource = (uri: string, mimeType: string, text: string): ContentPart => ({
  type: 'resource',
  resource: { uri, mimeType, text },
})

/** Fixtures that return each kind of content, and one that fails. */
export const contentTools: readonly Tool[] = [
  showing('test_simple_text', 'Simple text', [{ type: 'text', text: 'This is a simple text response for testing.' }]),
  showing('test_image_content', 'Image', [{ type: 'image', data: PIXEL_PNG, mimeType: 'image/png' }]),
  showing('test_audio_content', 'Audio', [{ type: 'audio', data: SILENCE_WAV, mimeType: 'audio/wav' }]),
  showing('test_embedded_resource', 'Embedded resource', [
    resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ]),
  showing('test_multiple_content_types', 'Several kinds of content', [
    { type: 'text', text: 'Multiple content types test:' },
    { type: 'image', data: PIXEL_PNG, mimeType: 'image/png' },
    resource('test://mixed-content-resource', 'application/json', JSON.stringify({ test: 'data', value: 123 })),
  ]),
  plainTool({
    name: 'test_error_handling',
    title: 'A failure',
    describe: 'Conformance fixture: always fails.',
    effect: 'read',
    scope: CONFORMANCE_SCOPE,
    input: z.object({}),
    output: z.object({}),
    run: async () => {
      throw new Failure('conflict', 'This tool intentionally returns an error for testing')
    },
  }),
]
