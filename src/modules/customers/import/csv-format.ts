/** How a CSV file is written. It is recognised from the file, and only read: stored text is Unicode. */
export interface CsvFormat {
  readonly encoding: Encoding
  readonly delimiter: Delimiter
  /** The line of the header: 2 under a first line such as `sep=;`, which Excel writes and reads, else 1. */
  readonly headerLine: 1 | 2
}

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** In order of preference. */
export const DELIMITERS = [',', ';', '\t', '|'] as const
export type Delimiter = (typeof DELIMITERS)[number]

/** The encoding that the byte-order mark at the beginning of a file states. */
export function markedEncoding(start: Uint8Array): Encoding | undefined {
  const [first, second] = start
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined
}

const ENCODING_NAMES: Readonly<Record<Encoding, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16',
  'windows-1252': 'Windows-1252',
}
const DELIMITER_NAMES: Readonly<Record<Delimiter, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
}

/** What was recognised, in words: `Windows-1252, cells separated by semicolons`. */
export function formatInWords({ encoding, delimiter }: CsvFormat): string {
  return `${ENCODING_NAMES[encoding]}, cells separated by ${DELIMITER_NAMES[delimiter]}`
}
