import { html } from './html.ts'
import type { Html } from './html.ts'

export interface Document {
  readonly title: string
  readonly body: Html
  /** `wide` for a page of several parts; `narrow`, the default, for one form. */
  readonly width?: 'narrow' | 'wide'
  /** Navigation in the header, beside the product name. */
  readonly menu?: Html
}

/** The HTML document around every page. It works without scripts and without styles. */
export function layout({ title, body, width = 'narrow', menu }: Document, stylesheet: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} – Plimsoll</title>
<link rel="stylesheet" href="${stylesheet}">
</head>
<body>
<header class="bar ${width}"><span class="brand">${MARK}Plimsoll</span>${menu}</header>
<main class="${width}">
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text
}

/** The logo: a ship's Plimsoll line. */
const MARK = html`<svg aria-hidden="true" viewBox="0 0 32 32" width="24" height="24" fill="none" stroke="currentColor" stroke-width="3"><circle cx="16" cy="16" r="9"/><path d="M2 16h28"/></svg>`
