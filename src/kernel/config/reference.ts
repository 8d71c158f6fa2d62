import type { Configuration, Setting } from './settings.ts'

const INTRO = `# Configuration

Every setting is an environment variable. An empty variable counts as unset. All wrong settings are reported at once, at
start, each with what was expected and an example; \`plimsoll config\` shows what is in effect, secrets hidden. In
production (\`ENVIRONMENT=production\`) a missing, weak or well-known secret stops the start.

A secret may also stand in a file that \`<NAME>_FILE\` names, as Docker and Kubernetes mount them, or in AWS Secrets
Manager or HashiCorp Vault: see \`SECRETS_PROVIDER\`.
`

/** The text of \`docs/configuration.md\`: every setting by group, generated from the schemas. */
export function configurationReference({ settings }: Pick<Configuration, 'settings'>): string {
  const groups = Map.groupBy(settings, (setting) => setting.group)
  const sections = [...groups].map(([group, members]) => section(group, members))
  return `${INTRO}\n${settings.length} settings, generated from the schema by \`npm run docs\`.\n\n${sections.join('\n')}`
}

function section(group: string, members: readonly Setting[]): string {
  const title = group.charAt(0).toUpperCase() + group.slice(1)
  const rows = members.map(
    (setting) =>
      `| ${[name(setting), meaning(setting), setting.expects, preset(setting), example(setting)].join(' | ')} |`,
  )
  return `## ${title}\n\n| Variable | Meaning | Value | Default | Example |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
}

function name({ env, aliases }: Setting): string {
  return [env, ...(aliases ?? [])].map((each) => `\`${each}\``).join(' or ')
}

function meaning({ describe, secret, followed, requiredInProduction }: Setting): string {
  const change = followed === true ? 'a new value is taken up while running' : 'a new value needs a restart'
  const notes = [secret === true && `Secret; ${change}.`, requiredInProduction === true && 'Required in production.']
  return [describe, ...notes.filter((note) => note !== false)].join(' ').replaceAll('|', '\\|')
}

function preset({ defaultText }: Setting): string {
  return defaultText === undefined ? '–' : `\`${defaultText}\``
}

function example(setting: Setting): string {
  return `\`${setting.example}\``
}
