import type { PersonalData } from '../personal-data.ts'
import { holdTables } from '../personal-data/hold-tables.ts'

/**
 * The holder of files: a file about the person is deleted, and a file name that mentions them is replaced. File
 * contents are not searched.
 */
export const filesPersonalData: PersonalData = holdTables({
  name: 'kernel.files',
  describe: 'Files that were stored as being about a person, and names of files that mention one.',
  holds: [
    {
      table: 'files.files',
      key: { name: 'text' },
      own: { refs: ['about'] },
      externalIds: ['name'],
      shows: ['name', 'media_type', 'bytes', 'about', 'stored_at', 'expires_at'],
      eraseOwn: 'delete',
    },
  ],
})
