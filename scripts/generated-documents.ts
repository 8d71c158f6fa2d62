import { configurationReference } from '#kernel/config/reference'

/** Every document that is made from the code: its path from the root, and its text as it should be now. */
export async function generatedDocuments(): Promise<ReadonlyMap<string, string>> {
  return new Map([['docs/configuration.md', configurationReference()]])
}
