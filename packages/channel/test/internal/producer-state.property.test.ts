import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ProducerReceiveChannel, ProducerSendChannel } from "../../src/producer-channel.ts";
import { ProducerState } from "../../src/producer-state.ts";
import { begin, type Flow, turns } from "../support/flow.ts";

describe("ProducerState", () => {
  it("keeps its invariants, loses nothing and computes nothing ahead, in any program", async () => {
    const step = fc.record({
      kind: fc.constantFrom(
        "send",
        "send",
        "receive",
        "receive",
        "receiveNowait",
        "cancel",
        "clone",
        "close",
        "finish",
      ),
      which: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const state = new ProducerState();
        const send = new ProducerSendChannel<number>(state);
        const ends = [new ProducerReceiveChannel<number>(state)];
        const senders: Flow<void>[] = [];
        const receivers: Flow<number>[] = [];
        const received: number[] = [];
        const flows = (): readonly Flow<unknown>[] => [...senders, ...receivers];
        for (const { kind, which } of steps) {
          const end = ends[which % ends.length]!;
          if (kind === "send") {
            const item = senders.length;
            senders.push(begin(() => send.send(item)));
          } else if (kind === "receive") {
            receivers.push(
              begin(async () => {
                const item = await end.receive();
                received.push(item);
                return item;
              }),
            );
          } else if (kind === "receiveNowait") {
            try {
              received.push(end.receiveNowait());
            } catch (error) {
              expect((error as Error).name).toMatch(/WouldBlock|EndOfChannel|ClosedResourceError/);
            }
          } else if (kind === "cancel") {
            const waiting = flows().filter((flow) => flow.waits);
            waiting[which % Math.max(1, waiting.length)]?.cancel();
          } else if (kind === "clone") {
            try {
              ends.push(end.clone());
            } catch (error) {
              expect((error as Error).name).toBe("ClosedResourceError");
            }
          } else if (kind === "close" && which % 5 === 0) end.close();
          else if (kind === "finish" && which > 18) state.finish();
          state.assertInvariants();
          await turns();
          state.assertInvariants();
          expect(received, "each item once, in the order of the senders that were not cancelled").toEqual(
            [...new Set(received)].sort((a, b) => a - b),
          );
          for (const [item, sender] of senders.entries()) {
            const { result } = sender;
            if (result === undefined) expect(received, `item ${item} was sent`).toContain(item);
            else expect(result).toMatch(/waits|cancelled|ClosedResourceError|BrokenResourceError/);
          }
        }
        for (const flow of flows()) flow.cancel();
        for (const flow of flows()) await flow.ended;
        state.assertInvariants();
      }),
      { numRuns: 300 },
    );
  });
});
