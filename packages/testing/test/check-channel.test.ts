import { CancelScope } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { run, sleepForever } from "@espalier/core";
import { checkChannel, ConformanceError, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

import { type Flaw, flaws, openArrayChannel } from "./support/array-channel.ts";
import { rejection } from "./support/rejection.ts";

const capacities = [0, 1, 8, Infinity];

/** The rules that a flawed channel breaks, by capacity; `[]` if the flaw cannot show at that capacity. */
async function broken(flaw: Flaw): Promise<string[]> {
  const found: string[] = [];
  for (const capacity of capacities) {
    try {
      await checkChannel(() => openArrayChannel(capacity, flaw));
    } catch (error) {
      if (!(error instanceof ConformanceError)) throw error;
      for (const each of error.errors) found.push(`${capacity}: ${(each as Error).message}`);
    }
  }
  return found;
}

describe("checkChannel passes", () => {
  it.each([...capacities, 2])("the memory channel of capacity %d", async (capacity) => {
    await checkChannel(() => openMemoryChannel(capacity));
  });

  it.each(capacities)("another right channel of capacity %d", async (capacity) => {
    await checkChannel(() => openArrayChannel(capacity));
  });

  it("takes the opener itself", async () => {
    await checkChannel(openMemoryChannel);
  });
});

describe("checkChannel fails a channel that", () => {
  it.each(flaws)("%s", async (flaw) => {
    expect(await broken(flaw)).not.toEqual([]);
  });
});

describe("checkChannel", () => {
  it("lists the rules that are broken, one error each", async () => {
    const error = await rejection(
      checkChannel(() => openArrayChannel(1, "serves the youngest receiver first")),
    );
    expect(error).toBeInstanceOf(ConformanceError);
    expect(error.message).toContain("This channel (of capacity 1) breaks 2 of the rules:");
    expect(error.message).toContain(
      "- receivers that wait are served first come, first served: " +
        "What they received, in the order in which they came, should have been [0, 1, 2, 3], but was [3, 2, 1, 0]",
    );
    expect((error as ConformanceError).errors).toHaveLength(2);
  });

  it("says where a channel hangs", async () => {
    const open = (): ReturnType<typeof openArrayChannel> => {
      const [send, receive] = openArrayChannel(0);
      return [Object.assign(send, { send: () => sleepForever() }), receive];
    };
    const error = await rejection(checkChannel(open));
    expect(error.message).toContain("what is sent comes out once, and in order: DeadlockError");
    expect(error.message).toContain("waiting for sleepForever");
    expect(error.message).toContain("waiting for array channel");
  });

  it("gives up a channel that waits for something foreign, once", async () => {
    const error = await rejection(checkChannel(() => openArrayChannel(0, "waits for something foreign")));
    expect((error as ConformanceError).errors).toHaveLength(1);
    expect(error.message).toContain("something foreign is awaited that does not come");
  });

  it("can be called in a run, virtual or not, and is cancelled between two rules", async () => {
    await run(() => checkChannel(() => openMemoryChannel(1)));
    await runVirtual(() => checkChannel(() => openMemoryChannel(1)));
    let opened = 0;
    const open = (): ReturnType<typeof openMemoryChannel> => {
      opened++;
      return openMemoryChannel(1);
    };
    const scope = new CancelScope();
    await scope.run(async () => {
      scope.cancel();
      await checkChannel(open);
    });
    expect(scope.cancelledCaught).toBe(true);
    expect(opened).toBe(0);
  });

  it("rejects what is no function, and raises what the opener raises", async () => {
    expect(await rejection(checkChannel(openMemoryChannel() as never))).toBeInstanceOf(TypeError);
    const error = new Error("mine");
    expect(
      await rejection(
        checkChannel(() => {
          throw error;
        }),
      ),
    ).toBe(error);
  });
});
