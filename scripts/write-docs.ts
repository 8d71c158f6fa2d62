// Rewrites the generated documents: `npm run docs`.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedDocuments } from './generated-documents.ts'

const root = dirname(import.meta.dirname)
for (const [path, text] of generatedDocuments()) {
  writeFileSync(join(root, path), text)
  console.log(`wrote ${path}`)
}
