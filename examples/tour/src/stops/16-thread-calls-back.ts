import { moveOnAfter } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { Event } from "@espalier/sync";
import { threadModule, toThread } from "@espalier/to-thread";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import type * as props from "../props/thread-espalier.ts";
import type { Log, Stop } from "../stop.ts";

export const threadCallsBack: Stop = {
  file: "16-thread-calls-back",
  title: "The thread that calls back",
  claim:
    "A thread that calls back into a cancelled task hears nothing of it, because a cancellation does not cross from one thread to " +
    "the other: the callback goes on, and returns as if nothing had happened. In Espalier it runs in the caller's scope, its Cancelled is raised in " +
    "the thread, and a thread that never listens is ended after a grace.",
  parts: [
    { world: "plain", code: "plain", run: inPlainThreads },
    { world: "espalier", code: "espalier", run: inEspalier },
    {
      world: "espalier",
      caption: "what the thread runs",
      code: "syncTask",
      from: "props/thread-espalier",
      run: inEspalier,
    },
    {
      world: "espalier",
      caption: "with a thread that never looks up",
      code: "deaf",
      run: withADeafThread,
    },
  ],
};

const survived = "as if I would be cancelled!";

async function inPlainThreads(log: Log): Promise<string[]> {
  const { port1, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const file = new URL("props/thread-plain.js", import.meta.url);
  const workerData = { port: port2, answered };
  const worker = new Worker(file, {
    workerData,
    transferList: [port2],
  });
  worker.on("message", log);
  // #region plain
  async function asyncTask() {
    await setTimeout(1000);
    log("as if I would be cancelled!");
    return 1;
  }
  const controller = new AbortController();
  async function answer() {
    log("the thread calls back");
    port1.postMessage({ returned: await asyncTask() });
    Atomics.store(answered, 0, 1);
    Atomics.notify(answered, 0);
  }
  port1.once("message", () => void answer());
  await once(port1, "message");
  await setTimeout(300);
  controller.abort(); // who could hear it?
  log("cancelled");
  // #endregion
  await once(worker, "exit");
  port1.close();
  return objectionsTo(log);
}

async function inEspalier(log: Log): Promise<string[]> {
  const file = new URL("props/thread-espalier.js", import.meta.url);
  const called = new Event();
  // #region espalier
  const thread = threadModule<typeof props>(file);
  async function asyncTask() {
    log("the thread calls back");
    called.set();
    await sleep(1000);
    log("as if I would be cancelled!");
    return 1;
  }
  await openNursery(async (nursery) => {
    nursery.startSoon(() =>
      thread.syncTask(asyncTask, (line) => void log(line)),
    );
    await called.wait();
    await sleep(300);
    nursery.cancelScope.cancel();
    log("cancelled");
  });
  // #endregion
  return objectionsTo(log);
}

async function withADeafThread(log: Log): Promise<string[]> {
  const file = new URL("props/thread-espalier.js", import.meta.url);
  // #region deaf
  const thread = threadModule<typeof props>(file);
  const onCancel = { graceMs: 200 };
  await moveOnAfter(2000, () =>
    toThread(
      thread.deaf,
      [() => void log("the thread computes, for ever")],
      { onCancel },
    ),
  );
  log("its thread is gone");
  log(`another one adds: ${await thread.add(1, 2)}`);
  // #endregion
  const objections: string[] = [];
  if (log.at("the thread computes, for ever") === undefined)
    objections.push("The thread did not begin: nothing was shown.");
  if (log.at("another one adds: 3") === undefined)
    objections.push("The pool did not go on.");
  return objections;
}

function objectionsTo(log: Log): string[] {
  const objections: string[] = [];
  if (log.at(survived) !== undefined)
    objections.push("The callback went on, cancelled or not.");
  if (log.at("raised Cancelled") === undefined)
    objections.push("The thread did not hear that it was cancelled.");
  return objections;
}
