import { takeEnvironment } from '#kernel/config/take-environment'
import { opener } from './surfaces/cli/start.ts'
import { reportFailure } from './surfaces/cli/open.ts'
import { serve } from './surfaces/cli/serve.ts'

// `npm start`: read the settings, build the application, serve until told to stop, stop cleanly.
await reportFailure(() => serve(opener(takeEnvironment(process.env), 'server', 'stdout')))
