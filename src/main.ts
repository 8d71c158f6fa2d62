import { takeEnvironment } from '#kernel/config/take-environment'
import { opener } from './cli/start.ts'
import { reportFailure } from './cli/open.ts'
import { serve } from './cli/serve.ts'
import { configuration } from './settings.ts'

// `npm start`: read the settings, build the application, serve until told to stop, stop cleanly.
await reportFailure(() => serve(opener(takeEnvironment(configuration, process.env), 'server', 'stdout')))
