// A program for the tests of runMain: what it does is said by its arguments.
import { clearTimeout, setTimeout } from "node:timers";

import { sleep, sleepForever } from "@espalier/core";
import { currentSignal, shielded } from "@espalier/cancel-scope";
import { openNursery } from "@espalier/nursery";
import { openSignalReceiver, runMain } from "@espalier/signals";

const [mode, graceMs = "10000", debug] = process.argv.slice(2);
const say = (text) => process.stdout.write(`${text}\n`);

function fail(message) {
  throw new Error(message);
}

/** Waits for ever, with a timer, so that the process stays alive. */
const serve = () => sleep(60_000);

const programs = {
  succeed: async () => say("working"),
  fail: async () => {
    await openNursery(async (nursery) => {
      nursery.startSoon(
        async () => {
          throw new Error("no such table", { cause: new TypeError("bad name") });
        },
        { name: "query" },
      );
    });
  },
  serve: async () => {
    say("ready");
    try {
      await serve();
    } finally {
      say("cleaned up");
    }
  },
  cleanup: async () => {
    say("ready");
    try {
      await serve();
    } finally {
      await shielded(
        async () => {
          say("cleaning");
          await sleep(200);
          say("cleaned up");
        },
        { graceMs: Infinity },
      );
    }
  },
  stuck: async () => {
    say("ready");
    try {
      await serve();
    } finally {
      say("cleaning");
      await shielded(serve, { graceMs: Infinity });
    }
  },
  failingCleanup: async () => {
    say("ready");
    try {
      await serve();
    } finally {
      fail("the disk is full");
    }
  },
  failingWithNothing: async () => {
    say("ready");
    try {
      await serve();
    } finally {
      await Promise.reject(undefined);
    }
  },
  /** More than a pipe holds. */
  verbose: async () => {
    for (let i = 0; i < 20_000; i++) say("x".repeat(99));
  },
  /** Waits for a foreign call that stops by our signal, and says so without a cause, as many do. */
  foreign: async () => {
    say("ready");
    const alive = setTimeout(() => undefined, 60_000);
    try {
      await new Promise((_, reject) => {
        const canceled = Object.assign(new Error("canceled"), { code: "ERR_CANCELED" });
        currentSignal().addEventListener("abort", () => reject(canceled));
      });
    } finally {
      clearTimeout(alive);
    }
  },
  early: async () => {
    say("main began");
    await serve();
  },
  exitCode: async () => {
    process.exitCode = 4;
  },
  throws: () => fail("at once"),
  hangs: () => new Promise(() => undefined),
  receive: async () => {
    const receiver = openSignalReceiver("SIGHUP");
    say("ready");
    setTimeout(() => say("listening for a while"), 50); // afterwards nothing is left that could call back
    say(await receiver.receive());
    receiver.close();
  },
  forgotten: async function main() {
    void (async () => {
      await sleep(10);
      say("never said");
    })();
    say("main ends");
  },
  deadlock: async function waiter() {
    await sleepForever();
  },
};

if (mode === "early") process.nextTick(() => process.kill(process.pid, "SIGTERM"));
// Not awaited at the top level: Bun and Deno find no deadlock then, because a module that waits is not a dry event loop.
void runMain(programs[mode], { graceMs: Number(graceMs), debug: debug === "debug" });
