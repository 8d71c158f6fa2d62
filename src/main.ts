import { takeEnvironment } from '#kernel/config/take-environment'
import { opener } from './cli/start.ts'
import { reportFailure } from './cli/open.ts'
import { serve } from './cli/serve.ts'

// `npm start`: read the settings, build the application, serve until told to stop, stop cleanly.
await reportFailure(() => serve(opener(takeEnvironment(process.env), 'server', 'stdout')))
