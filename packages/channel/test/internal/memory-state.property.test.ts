import { describe, it } from "vitest";

import { MemoryReceiveChannel } from "../../src/memory-receive-channel.ts";
import { MemorySendChannel } from "../../src/memory-send-channel.ts";
import { MemoryState } from "../../src/memory-state.ts";
import { channelsBehaveAsTheModel } from "../support/memory-model.ts";

describe("MemoryState", () => {
  it("keeps its invariants after every step of any program", async () => {
    await channelsBehaveAsTheModel((capacity) => {
      const state = new MemoryState(capacity);
      return {
        send: new MemorySendChannel<number>(state),
        receive: new MemoryReceiveChannel<number>(state),
        check: () => state.assertInvariants(),
      };
    }, 300);
  });
});
