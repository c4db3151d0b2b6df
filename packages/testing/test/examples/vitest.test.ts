import { failAfter, TooSlowError } from "@espalier/cancel-scope";
import { currentTime, sleep } from "@espalier/core";
import { cancelEverywhere, exploreSchedules, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

/** Asks until there is an answer, a second apart, for a minute at most. */
function poll(ask: () => Promise<string | undefined>): Promise<string> {
  return failAfter(60_000, async () => {
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await sleep(1000);
    }
  });
}

describe("poll", () => {
  it("gives up after a minute", () =>
    runVirtual(async () => {
      await expect(poll(async () => undefined)).rejects.toThrow(TooSlowError);
      expect(currentTime()).toBe(60_000); // of virtual time: the test takes milliseconds
    }));

  it("asks a second apart, in any order of events", () =>
    exploreSchedules(async () => {
      const asked: number[] = [];
      await poll(async () => {
        asked.push(currentTime());
        return asked.length === 3 ? "yes" : undefined;
      });
      expect(asked).toEqual([0, 1000, 2000]);
    }));

  it("leaves nothing behind, wherever it is cancelled", async () => {
    const report = await cancelEverywhere(() => {
      let asked = 0;
      return () => poll(async () => (++asked === 3 ? "yes" : undefined));
    });
    expect(report.complete).toBe(true);
  });
});
