import { checkpoint, checkpointIfCancelled, sleep } from "@espalier/core";
import { parkShielded, runIn, shieldedCheckpoint } from "@espalier/core/lowlevel";
import { attachProbe } from "@espalier/core/testing";
import { describe, expect, it } from "vitest";

import { open } from "./support/scope.ts";

/** What a probe around `body` sees. */
async function seen(body: () => Promise<unknown>): Promise<string[]> {
  const status = open();
  const log: string[] = [];
  attachProbe(status, {
    cancelPoint: (label) => log.push(`cancel ${label ?? "-"}`),
    schedulePoint: (label) => log.push(`schedule ${label ?? "-"}`),
  });
  await runIn(status, body);
  return log;
}

describe("attachProbe", () => {
  it("sees both halves of a checkpoint", async () => {
    expect(await seen(() => checkpoint())).toEqual(["cancel -", "schedule -"]);
    expect(await seen(() => checkpointIfCancelled())).toEqual(["cancel -"]);
    expect(await seen(() => shieldedCheckpoint())).toEqual(["schedule -"]);
  });

  it("is told what is waited for", async () => {
    expect(await seen(() => sleep(1))).toEqual(["cancel -", "cancel sleep", "schedule sleep"]);
  });

  it("takes a wait that nothing cancels for no cancel point", async () => {
    const log = await seen(async () => {
      const operation = parkShielded<void>("exit");
      operation.resume();
      await operation.promise;
    });
    expect(log).toEqual(["schedule exit"]);
  });
});
