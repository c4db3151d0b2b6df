import { CancelScope } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { captureOutcome, type Outcome } from "@espalier/core/lowlevel";
import { type Nursery, openNursery } from "@espalier/nursery";
import type { ReceiveStream } from "@espalier/stream";
import { AssertionError } from "../assertion-error.ts";

/** Long enough, in milliseconds, for a call that need not wait to be done, on a real wire too. */
const quietMs = 20;

/** A call in a task and a scope of its own, looked at from outside. */
export class StreamCall {
  /** How it has ended; `undefined` while it waits. */
  outcome: Outcome<unknown> | undefined = undefined;
  readonly #scope = new CancelScope();
  readonly #ended: () => Promise<unknown>;

  constructor(nursery: Nursery, body: () => unknown) {
    const task = nursery.startSoon(() =>
      this.#scope.run(async () => {
        this.outcome = await captureOutcome(body);
      }),
    );
    this.#ended = () => task.join();
  }

  cancel(): void {
    this.#scope.cancel();
  }

  /** Waits for its end; one that never comes is for the limit of the rule. */
  async end(): Promise<this> {
    await this.#ended();
    return this;
  }
}

/** Begins a call, and gives it the time to be done if it need not wait. */
export type BeginCall = (body: () => unknown) => Promise<StreamCall>;

/** Runs a scene in which several calls play; those that still wait at its end are cancelled. */
export async function streamScene(play: (begin: BeginCall) => Promise<void>): Promise<void> {
  await openNursery(async (nursery) => {
    await play(async (body) => {
      const call = new StreamCall(nursery, body);
      await sleep(quietMs);
      return call;
    });
    nursery.cancelScope.cancel();
  });
}

/** The outcome of a call that has to end by itself. */
export async function outcomeOf(body: () => unknown): Promise<{ readonly outcome: Outcome<unknown> }> {
  return { outcome: await captureOutcome(body) };
}

/** So many bytes, or what comes before the end. */
export async function receiveCount(stream: ReceiveStream, count: number): Promise<number[]> {
  const bytes: number[] = [];
  while (bytes.length < count) {
    const chunk = await stream.receiveSome(count - bytes.length);
    if (chunk === undefined) break;
    if (chunk.length === 0) throw new AssertionError("receiveSome gave an empty chunk");
    bytes.push(...chunk);
  }
  return bytes;
}
