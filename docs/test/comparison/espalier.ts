import { moveOnAfter, shielded } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { all } from "@espalier/combinators";
import { BrokenResourceError, checkpoint, currentTime, sleep } from "@espalier/core";
import { flattenErrors, openNursery } from "@espalier/nursery";
import { runVirtual } from "@espalier/testing";
import { foreign, type Observations } from "./rows.ts";

export const espalier: Observations = {
  async "a block ends while its child runs: the child"() {
    let child = "goes on";
    await openNursery((nursery) => {
      nursery.startSoon(async () => {
        await sleep(20);
        child = "is waited for";
      });
    });
    return child;
  },
  async "one of two fails: the other, when you have the error"() {
    let other = "goes on";
    const failing = async (): Promise<never> => {
      await sleep(5);
      throw new Error("a");
    };
    const working = async (): Promise<void> => {
      try {
        await sleep(60_000);
      } finally {
        other = "has ended";
      }
    };
    await all([failing, working]).catch(() => undefined);
    return other;
  },
  async "one fails, the other in its cleanup: the errors"() {
    const failing = async (): Promise<never> => {
      await sleep(5);
      throw new Error("a");
    };
    const cleaning = async (): Promise<void> => {
      try {
        await sleep(60_000);
      } finally {
        // eslint-disable-next-line no-unsafe-finally
        throw new Error("b");
      }
    };
    const error: unknown = await all([failing, cleaning]).catch((each: unknown) => each);
    return flattenErrors(error).length === 2 ? "both" : "only one";
  },
  async "a `catch` takes the cancellation: what follows"() {
    let seen = false;
    let after = "is cancelled again";
    await moveOnAfter(5, async () => {
      try {
        await sleep(60_000);
      } catch {
        seen = true;
      }
      await checkpoint();
      after = "goes on";
    });
    return seen ? after : "`catch` does not see it";
  },
  async "cleanup that waits, without a word about it"() {
    let cleanup = "is cut short";
    await moveOnAfter(5, async () => {
      try {
        await sleep(60_000);
      } finally {
        await sleep(10);
        cleanup = "is waited for";
      }
    });
    return cleanup;
  },
  async "cleanup that hangs, with a limit of its own"() {
    await moveOnAfter(5, async () => {
      try {
        await sleep(60_000);
      } finally {
        await shielded(() => sleep(60_000), { graceMs: 10 });
      }
    });
    return "`graceMs`";
  },
  async "a time limit passes: the work, when you go on"() {
    let work = "goes on";
    await moveOnAfter(5, async () => {
      try {
        await sleep(60_000);
      } finally {
        work = "has ended";
      }
    });
    return work;
  },
  async "a receive is given up: the next item"() {
    const [send, receive] = openMemoryChannel<string>(1);
    await moveOnAfter(5, () => receive.receive());
    await send.send("item");
    return receive.statistics().currentBufferUsed === 1 ? "is kept" : "is lost";
  },
  async "nobody takes the items: the sender"() {
    const [send] = openMemoryChannel<number>();
    const sent = await moveOnAfter(5, async () => {
      for (let item = 0; item < 1000; item++) await send.send(item);
      return true;
    });
    return sent === true ? "goes on" : "waits";
  },
  async "the receivers are gone: a sender that waits"() {
    const [send, receive] = openMemoryChannel<number>();
    const sending = send.send(1).catch((error: unknown) => error);
    receive.close();
    return (await sending) instanceof BrokenResourceError ? "gets an error" : "waits";
  },
  async "an hour, in a test"() {
    const start = performance.now();
    await runVirtual(async () => {
      await sleep(3_600_000);
      if (currentTime() < 3_600_000) throw new Error("too early");
    });
    return performance.now() - start < 60_000 ? "passes by itself" : "is an hour";
  },
  async "a promise that takes no signal is given up"() {
    let over = false;
    const old = foreign(60).then(() => (over = true));
    await moveOnAfter(5, () => old);
    return over ? "waits for it, or `abandonOnCancel`" : "stops waiting";
  },
};
