export { Barrier, type BarrierStatistics } from "./barrier.ts";
export { CapacityLimiter, type CapacityLimiterStatistics } from "./capacity-limiter.ts";
export { Condition, type ConditionStatistics } from "./condition.ts";
export { Event, type EventStatistics } from "./event.ts";
export type { Guard } from "./guard.ts";
export { Lock, type LockStatistics } from "./lock.ts";
export type { LockGuard } from "./lock-guard.ts";
export { RwLock, type RwLockStatistics } from "./rw-lock.ts";
export { Semaphore, type SemaphoreOptions, type SemaphoreStatistics } from "./semaphore.ts";
