import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Row, Section } from './benchmark.ts'
import { median } from './measure.ts'

/** The report as markdown: the machine, then one table per benchmark. */
export function markdown(machine: readonly (readonly [string, string])[], sections: readonly Section[]): string {
  const head = machine.map(([name, value]) => `- ${name}: ${value}`).join('\n')
  return `${head}\n\n${sections.map(sectionText).join('\n')}`
}

/** Writes the report, and all samples as JSON. Returns the path of the report. */
export async function save(dir: string, name: string, text: string, sections: readonly Section[]): Promise<string> {
  await mkdir(dir, { recursive: true })
  const file = path.join(dir, `${name}.md`)
  await writeFile(file, text)
  await writeFile(path.join(dir, `${name}.json`), JSON.stringify(sections, null, 2))
  return file
}

function sectionText({ title, notes, rows }: Section): string {
  const table = ['| | median | min – max | ratio | goal | met |', '|---|---|---|---|---|---|', ...rows.map(rowText)]
  return `## ${title}\n\n${table.join('\n')}\n\n${notes.map((note) => `- ${note}`).join('\n')}\n`
}

function rowText({ subject, unit, samples, ratio, goal }: Row): string {
  const cells = [
    subject,
    `${figure(median(samples))} ${unit}`,
    samples.length > 1 ? `${figure(Math.min(...samples))} – ${figure(Math.max(...samples))}` : '1 run',
    ratio === undefined ? '' : `${figure(ratio.value)} × ${ratio.to}`,
    goal?.text ?? '',
    goal === undefined ? '' : goal.met ? 'yes' : '**no**',
  ]
  return `| ${cells.join(' | ')} |`
}

/** A number with three significant digits and thousands separators. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}
