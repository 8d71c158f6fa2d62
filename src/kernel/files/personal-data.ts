import type { PersonalData } from '../personal-data.ts'
import { holdTables } from '../personal-data/hold-tables.ts'

/** A file that is about the person goes; a name that mentions them is replaced. What a file says is not searched. */
export const filesPersonalData: PersonalData = holdTables({
  name: 'kernel.files',
  describe: 'Files that were stored as being about a person, and names of files that mention one.',
  holds: [
    {
      table: 'files.files',
      key: { name: 'text' },
      own: { refs: ['about'] },
      madeUpIds: ['name'],
      shows: ['name', 'media_type', 'bytes', 'about', 'stored_at', 'expires_at'],
      eraseOwn: 'delete',
    },
  ],
})
