import { openMemoryChannel } from "@espalier/channel";
import { describe, it } from "vitest";

import { channelsBehaveAsTheModel } from "./support/memory-model.ts";

describe("openMemoryChannel", () => {
  it("laws 5, 6, 8: behaves as the reference model, with clones, closings, cancellations and selects", async () => {
    await channelsBehaveAsTheModel((capacity) => {
      const [send, receive] = openMemoryChannel<number>(capacity);
      return { send, receive, check: () => undefined };
    }, 300);
  });
});
