import { Barrier } from "@espalier/sync";
import fc from "fast-check";
import { expect, it } from "vitest";

import { Caller, pickFrom, programs, settleAndCompare } from "./support/model.ts";

const program = programs({ wait: 6, cancel: 3, settle: 2 });

it("a barrier behaves like its model: all together, each place once, whoever is cancelled was never there", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), program, async (parties, steps) => {
      const barrier = new Barrier(parties);
      const callers: Caller<number>[] = [];
      const expected = new Map<Caller<number>, number>();
      const waiting = (): Caller<number>[] => callers.filter((each) => each.standing === "waiting");
      for (const { kind, pick } of steps) {
        switch (kind) {
          case "wait": {
            callers.push(new Caller("waiting", () => barrier.wait()));
            const there = waiting();
            if (there.length < parties) break;
            there.forEach((each, place) => {
              each.standing = "out";
              expected.set(each, place);
            });
            break;
          }
          case "cancel": {
            const caller = pickFrom(callers, pick);
            caller?.flow.cancel();
            if (caller?.standing === "waiting") caller.standing = "cancelled";
            break;
          }
          case "settle":
            await settleAndCompare(callers);
        }
        barrier.assertInvariants();
        expect(barrier.statistics()).toEqual({ parties, tasksWaiting: waiting().length });
      }
      await settleAndCompare(callers);
      for (const [caller, place] of expected) expect(caller.flow.value).toBe(place);
    }),
  );
});
