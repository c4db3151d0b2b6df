import { describe, it } from "vitest";

import { RetryingReceiveChannel } from "../../src/retrying-receive-channel.ts";
import { RetryingSendChannel } from "../../src/retrying-send-channel.ts";
import { RetryingState } from "../../src/retrying-state.ts";
import { retryingChannelBehavesAsTheModel } from "../support/retrying-model.ts";

describe("RetryingState", () => {
  it("keeps its invariants after every step of any program", async () => {
    await retryingChannelBehavesAsTheModel((maxAttempts, backoff) => {
      const state = new RetryingState(maxAttempts, backoff);
      return {
        send: new RetryingSendChannel<number>(state),
        receive: new RetryingReceiveChannel<number>(state),
        check: () => state.assertInvariants(),
      };
    }, 300);
  });
});
