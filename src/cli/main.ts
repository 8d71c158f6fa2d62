import { Command } from 'commander'
import { takeEnvironment } from '#kernel/config/take-environment'
import { registerAudit } from './audit.ts'
import { registerConfig } from './config.ts'
import { registerDoctor } from './doctor.ts'
import { registerDemo, registerImport } from './import.ts'
import { registerKeys } from './keys.ts'
import { registerMigrate } from './migrate.ts'
import { registerPeople } from './people.ts'
import { registerPrivacy } from './privacy.ts'
import { registerSecrets } from './secrets.ts'
import { registerServe } from './serve.ts'
import { registerServiceAccounts } from './service-accounts.ts'
import { configuration } from '../settings.ts'
import { commandClock, opener, productVersion, schemaOpener } from './start.ts'
import { registerTenants } from './tenants.ts'

const environment = takeEnvironment(configuration, process.env)
const openServer = opener(environment, 'server', 'stdout')
const openCommand = opener(environment, 'command', 'stderr')

const program = new Command('plimsoll').version(productVersion()).showHelpAfterError()
registerServe(program, openServer, openCommand)
registerMigrate(program, schemaOpener(environment))
registerTenants(program, openCommand)
registerPeople(program, openCommand)
registerKeys(program, openCommand)
registerServiceAccounts(program, openCommand)
registerImport(program, openCommand)
registerAudit(program, openCommand)
registerDemo(program, openCommand)
registerPrivacy(program, openCommand)
registerConfig(program, environment)
registerDoctor(program, environment, commandClock)
registerSecrets(program, openCommand)

await program.parseAsync()
