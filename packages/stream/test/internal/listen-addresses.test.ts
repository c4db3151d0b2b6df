import { BrokenResourceError } from "@espalier/core";
import { describe, expect, it, vi } from "vitest";

import { acloseForcefully, openTcpListeners } from "@espalier/stream";

const addresses = vi.hoisted(() => ({ found: [] as { address: string; family: number }[] }));
vi.mock("node:dns/promises", () => ({ lookup: async () => addresses.found }));

/** Of the block for documentation: no machine has it. */
const elsewhere = { address: "192.0.2.1", family: 4 };
const here = { address: "127.0.0.1", family: 4 };

describe("openTcpListeners, of the addresses of a name", () => {
  it("passes over those that this machine has not", async () => {
    addresses.found = [elsewhere, here];
    const listeners = await openTcpListeners(0, { host: "some.name" });
    expect(listeners.map(({ address }) => address)).toEqual(["127.0.0.1"]);
    for (const listener of listeners) await acloseForcefully(listener);
  });

  it("fails if it has none of them", async () => {
    addresses.found = [elsewhere];
    await expect(openTcpListeners(0, { host: "some.name" })).rejects.toThrow(BrokenResourceError);
  });
});
