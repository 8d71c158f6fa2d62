/** Prints rows as aligned columns, headed by their names. */
export function printTable(rows: readonly Readonly<Record<string, string>>[]): void {
  const [first] = rows
  if (first === undefined) return print('(none)')
  const columns = Object.keys(first)
  const width = (column: string) => Math.max(column.length, ...rows.map((row) => (row[column] ?? '').length))
  const widths = columns.map(width)
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  print(line(columns))
  for (const row of rows) print(line(columns.map((column) => row[column] ?? '')))
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`)
}
