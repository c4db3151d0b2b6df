// A program for the tests of openSignalReceiver.
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";

import { openSignalReceiver } from "@espalier/signals";

const [mode] = process.argv.slice(2);
const say = (text) => process.stdout.write(`${text}\n`);
const alive = setInterval(() => undefined, 1000);

const programs = {
  /** Reads until SIGTERM. */
  async read() {
    const receiver = openSignalReceiver("SIGHUP", "SIGUSR1", "SIGTERM");
    say("ready");
    for await (const signal of receiver) {
      say(signal);
      if (signal === "SIGTERM") break;
    }
    receiver.close();
    say(`listeners: ${process.listenerCount("SIGHUP") + process.listenerCount("SIGTERM")}`);
  },
  /** Does not read; closes on demand of the parent, when the signal has arrived. */
  async unread() {
    const receiver = openSignalReceiver("SIGTERM");
    say("ready");
    while (receiver.statistics().pending.length === 0) await delay(5);
    say("arrived");
    receiver.close();
    await delay(10_000);
    say("survived");
  },
};
await programs[mode]();
clearInterval(alive);
