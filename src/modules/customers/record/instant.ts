import { z } from 'zod'

/** An instant in UTC as results show it: `2026-11-20T09:30:00.000Z`. */
export const Instant = z.iso.datetime()
