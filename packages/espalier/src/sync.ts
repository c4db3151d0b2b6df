// Written by scripts/umbrella.mjs (npm run api).

export {
  Barrier,
  type BarrierStatistics,
  CapacityLimiter,
  type CapacityLimiterStatistics,
  Condition,
  type ConditionStatistics,
  Event,
  type EventStatistics,
  type Guard,
  Lock,
  type LockGuard,
  type LockStatistics,
  RwLock,
  type RwLockStatistics,
  Semaphore,
  type SemaphoreOptions,
  type SemaphoreStatistics,
} from "@espalier/sync";
