import type { Task } from "@espalier/core";
import {
  type Barrier,
  type CapacityLimiter,
  Condition,
  type Event,
  type Guard,
  type Lock,
  type LockGuard,
  type RwLock,
  type Semaphore,
} from "@espalier/sync";
import { describe, expectTypeOf, it } from "vitest";

describe("types", () => {
  it("every acquire gives a Disposable guard", () => {
    expectTypeOf<Guard>().toExtend<Disposable>();
    expectTypeOf<LockGuard>().toExtend<Guard>();
    expectTypeOf<Lock["acquire"]>().returns.resolves.toEqualTypeOf<LockGuard>();
    expectTypeOf<Lock["acquireNowait"]>().returns.toEqualTypeOf<LockGuard>();
    expectTypeOf<Condition["acquire"]>().returns.resolves.toEqualTypeOf<LockGuard>();
    expectTypeOf<Semaphore["acquire"]>().returns.resolves.toEqualTypeOf<Guard>();
    expectTypeOf<CapacityLimiter["acquireOnBehalfOf"]>().returns.resolves.toEqualTypeOf<Guard>();
    expectTypeOf<RwLock["read"]>().returns.resolves.toEqualTypeOf<Guard>();
    expectTypeOf<RwLock["write"]>().returns.resolves.toEqualTypeOf<Guard>();
    expectTypeOf<LockGuard["task"]>().toEqualTypeOf<Task | undefined>();
  });

  it("a lock's guard is not any guard", () => {
    const condition = new Condition();
    // @ts-expect-error a semaphore's guard does not hold the lock
    const wrong = (guard: Guard): Promise<void> => condition.wait(guard);
    expectTypeOf(wrong).toBeFunction();
  });

  it("waitFor gives what the predicate gave, without what does not hold", () => {
    const condition = new Condition();
    const call = async (guard: LockGuard): Promise<void> => {
      const found = await condition.waitFor(guard, (): { id: number } | undefined => undefined);
      expectTypeOf(found).toEqualTypeOf<{ id: number }>();
      expectTypeOf(await condition.waitFor(guard, (): boolean => true)).toEqualTypeOf<true>();
      const either = await condition.waitFor(guard, (): number | string | null => 1);
      expectTypeOf(either).toEqualTypeOf<number | string>();
    };
    expectTypeOf(call).toBeFunction();
  });

  it("a borrower is anything but nothing", () => {
    expectTypeOf<CapacityLimiter["acquireOnBehalfOf"]>().toBeCallableWith({ any: "object" });
    expectTypeOf<CapacityLimiter["acquireOnBehalfOf"]>().toBeCallableWith("name");
    expectTypeOf<undefined>().not.toExtend<Parameters<CapacityLimiter["acquireOnBehalfOf"]>[0]>();
  });

  it("states are properties, and cannot be assigned, but for a limiter's total", () => {
    expectTypeOf<Event["isSet"]>().toEqualTypeOf<boolean>();
    expectTypeOf<Lock["locked"]>().toEqualTypeOf<boolean>();
    const assign = (limiter: CapacityLimiter, semaphore: Semaphore, barrier: Barrier): void => {
      limiter.totalTokens = 3;
      // @ts-expect-error read only
      limiter.borrowedTokens = 3;
      // @ts-expect-error read only
      semaphore.value = 3;
      // @ts-expect-error read only
      barrier.parties = 3;
    };
    expectTypeOf(assign).toBeFunction();
  });
});
