/** Who asks for a slot: a tenant, and in it a person, key or job. */
export interface Claimant {
  readonly tenantId: string
  readonly callerId: string
}

export interface SlotLimits {
  readonly slots: number
  /** The most that one tenant may hold at once. */
  readonly perTenant: number
  /** The most that one caller may hold at once. */
  readonly perCaller: number
  /** The most requests of one caller that wait; further ones are refused. */
  readonly waitingPerCaller: number
}

const WAITING_PER_CALLER = 200

/** A caller may hold 60 % of the slots and a tenant 80 %, so that there is soon one for everybody else. */
export function slotLimits(slots: number): SlotLimits {
  const perTenant = Math.max(1, Math.min(slots - 1, Math.floor(slots * 0.8)))
  const perCaller = Math.max(1, Math.min(perTenant, Math.floor(slots * 0.6)))
  return { slots, perTenant, perCaller, waitingPerCaller: WAITING_PER_CALLER }
}

/** Slots that callers share fairly: a free one goes to the tenant, and in it to the caller, that waits longest for a turn. */
export interface FairSlots {
  /**
   * Takes a slot at once or, when none may be had, in turn. Undefined when too many of this caller wait already. The
   * returned function gives it back and must be called once.
   */
  take(of: Claimant): Release | Waiting | undefined
  waiting(): number
}

export type Release = () => void

export interface Waiting {
  readonly turn: Promise<Release>
  /** Stops waiting. False when the turn has come already. */
  leave(): boolean
}

interface Caller {
  held: number
  readonly waiting: Set<(release: Release) => void>
}

interface Tenant {
  held: number
  readonly callers: Map<string, Caller>
}

/**
 * Opens slots for `limits.slots` holders. Both limits leave slots for others: a caller whose requests wait for each
 * other's row locks cannot hold them all.
 */
export function openFairSlots(limits: SlotLimits): FairSlots {
  /** In order of their turns: whoever was served goes to the end. */
  const tenants = new Map<string, Tenant>()
  let free = limits.slots
  let waiting = 0

  const tenantOf = (id: string): Tenant => found(tenants, id, () => ({ held: 0, callers: new Map() }))
  const callerOf = (tenant: Tenant, id: string): Caller =>
    found(tenant.callers, id, () => ({ held: 0, waiting: new Set() }))

  const mayTake = (tenant: Tenant, caller: Caller) =>
    free > 0 && tenant.held < limits.perTenant && caller.held < limits.perCaller

  const hold = ({ tenantId, callerId }: Claimant, tenant: Tenant, caller: Caller): Release => {
    free -= 1
    tenant.held += 1
    caller.held += 1
    moveToEnd(tenants, tenantId, tenant)
    moveToEnd(tenant.callers, callerId, caller)
    return () => {
      free += 1
      tenant.held -= 1
      caller.held -= 1
      forgetIdle(tenantId, tenant, callerId, caller)
      serve()
    }
  }

  const forgetIdle = (tenantId: string, tenant: Tenant, callerId: string, caller: Caller): void => {
    if (caller.held === 0 && caller.waiting.size === 0) tenant.callers.delete(callerId)
    if (tenant.callers.size === 0) tenants.delete(tenantId)
  }

  /** Gives free slots to those whose turn it is. */
  const serve = (): void => {
    while (free > 0 && waiting > 0) {
      const next = nextInTurn(tenants, limits)
      if (next === undefined) return
      const { tenantId, tenant, callerId, caller, wake } = next
      caller.waiting.delete(wake)
      waiting -= 1
      wake(hold({ tenantId, callerId }, tenant, caller))
    }
  }

  return {
    take(of) {
      const tenant = tenantOf(of.tenantId)
      const caller = callerOf(tenant, of.callerId)
      // Whoever waits while a slot is free is at a limit, so nobody is overtaken but by others of the same caller.
      if (caller.waiting.size === 0 && mayTake(tenant, caller)) return hold(of, tenant, caller)
      if (caller.waiting.size >= limits.waitingPerCaller) return undefined
      const { promise, resolve } = Promise.withResolvers<Release>()
      caller.waiting.add(resolve)
      waiting += 1
      return {
        turn: promise,
        leave: () => {
          if (!caller.waiting.delete(resolve)) return false
          waiting -= 1
          forgetIdle(of.tenantId, tenant, of.callerId, caller)
          return true
        },
      }
    },
    waiting: () => waiting,
  }
}

/** The first caller in turn that waits and is below its limits. */
function nextInTurn(tenants: ReadonlyMap<string, Tenant>, { perTenant, perCaller }: SlotLimits) {
  for (const [tenantId, tenant] of tenants) {
    if (tenant.held >= perTenant) continue
    for (const [callerId, caller] of tenant.callers) {
      const [wake] = caller.waiting
      if (wake !== undefined && caller.held < perCaller) return { tenantId, tenant, callerId, caller, wake }
    }
  }
  return undefined
}

function found<T>(all: Map<string, T>, key: string, make: () => T): T {
  const known = all.get(key)
  if (known !== undefined) return known
  const made = make()
  all.set(key, made)
  return made
}

function moveToEnd<T>(all: Map<string, T>, key: string, value: T): void {
  all.delete(key)
  all.set(key, value)
}
