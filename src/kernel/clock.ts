/** The current instant, UTC. Passed in wherever a rule needs "now", so that a test can stop time. */
export type Clock = () => Date

/** The machine's clock. Only `app.ts` hands it out. */
export const systemClock: Clock = () => new Date()
