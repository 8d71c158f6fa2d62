/** Formats cells as one line of CSV; null becomes an empty cell. */
export function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return cells.map((cell) => quoted(cell === null ? '' : String(cell))).join(',')
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
