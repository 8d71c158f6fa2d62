/** The current instant, UTC. Passed in wherever a rule needs "now", so that a test can stop time. */
export type Clock = () => Date

/** The machine's clock. Code under `src/modules` gets it as a `Clock`. */
export const systemClock: Clock = () => new Date()
