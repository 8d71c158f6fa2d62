import { roundTo } from '../record/rounding.ts'
export const COMPONENTS = ['usage', 'engagement', 'support', 'satisfaction', 'payment'] as const
export type Component = (typeof COMPONENTS)[number]
export type PerComponent<T> = Readonly<Record<Component, T>>

/**
 * The effective weights: those of the components with data, scaled to sum to 1. All zero if no weighted component has
 * data.
 */
export function renormalise(weights: PerComponent<number>, values: PerComponent<number | null>): PerComponent<number> {
  const known = COMPONENTS.filter((component) => values[component] !== null)
  const sum = known.reduce((total, component) => total + weights[component], 0)
  const used = (component: Component) =>
    values[component] === null || sum === 0 ? 0 : roundTo(weights[component] / sum, 6)
  return {
    usage: used('usage'),
    engagement: used('engagement'),
    support: used('support'),
    satisfaction: used('satisfaction'),
    payment: used('payment'),
  }
}
