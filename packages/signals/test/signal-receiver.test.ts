import { setTimeout as delay } from "node:timers/promises";

import { describe, expect, it, vi } from "vitest";

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { BusyResourceError, ClosedResourceError, sleep } from "@espalier/core";
import { openSignalReceiver } from "@espalier/signals";
import { Child } from "@espalier/test-support";

const unix = process.platform !== "win32";

function start(...args: string[]): Child {
  return new Child(new URL("programs/receiver.mjs", import.meta.url), args);
}

describe.runIf(unix)("openSignalReceiver", () => {
  it("gives what arrives, in order, and equal pending ones once", async () => {
    using receiver = openSignalReceiver("SIGHUP", "SIGUSR1");
    process.emit("SIGUSR1", "SIGUSR1");
    process.emit("SIGHUP", "SIGHUP");
    process.emit("SIGUSR1", "SIGUSR1");
    expect(receiver.statistics()).toEqual({ pending: ["SIGUSR1", "SIGHUP"], tasksWaiting: 0 });
    expect(await receiver.receive()).toBe("SIGUSR1");
    expect(await receiver.receive()).toBe("SIGHUP");
    expect(await moveOnAfter(1, () => receiver.receive())).toBeUndefined();
  });

  // vitest fails a file in which a rejection is unhandled
  it("law 7: a step of a loop that is forgotten ends with its scope, and no more", async () => {
    using receiver = openSignalReceiver("SIGHUP");
    await new CancelScope().run(async () => {
      void receiver[Symbol.asyncIterator]().next();
      await sleep(1);
    });
    process.emit("SIGHUP", "SIGHUP");
    expect(await receiver.receive()).toBe("SIGHUP");
  });

  it("wakes the task that waits for a real signal", async () => {
    using receiver = openSignalReceiver("SIGUSR1");
    const waiting = receiver.receive();
    expect(receiver.statistics().tasksWaiting).toBe(1);
    process.kill(process.pid, "SIGUSR1");
    expect(await waiting).toBe("SIGUSR1");
  });

  it("law 4: raises in a cancelled scope although a signal is pending, law 5: and takes none", async () => {
    using receiver = openSignalReceiver("SIGUSR1");
    process.emit("SIGUSR1", "SIGUSR1");
    const got = await moveOnAfter(0, () => receiver.receive());
    expect(got).toBeUndefined();
    expect(await receiver.receive()).toBe("SIGUSR1");
  });

  it("law 5: a wait that was cancelled takes no signal", async () => {
    using receiver = openSignalReceiver("SIGUSR1");
    await moveOnAfter(1, () => receiver.receive());
    expect(receiver.statistics().tasksWaiting).toBe(0);
    process.emit("SIGUSR1", "SIGUSR1");
    expect(await receiver.receive()).toBe("SIGUSR1");
  });

  it("refuses a second task that waits", async () => {
    using receiver = openSignalReceiver("SIGUSR1");
    const first = receiver.receive();
    await expect(receiver.receive()).rejects.toBeInstanceOf(BusyResourceError);
    process.emit("SIGUSR1", "SIGUSR1");
    expect(await first).toBe("SIGUSR1");
  });

  it("law 9: closes twice, removes its handlers, and tells who waits", async () => {
    const before = process.listenerCount("SIGUSR1");
    const receiver = openSignalReceiver("SIGUSR1");
    const waiting = receiver.receive();
    receiver.close();
    receiver.close();
    await expect(waiting).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(receiver.receive()).rejects.toThrow("inside the block that opened it");
    expect(process.listenerCount("SIGUSR1")).toBe(before);
  });

  it("does not close when a loop is left early", async () => {
    using receiver = openSignalReceiver("SIGUSR1");
    process.emit("SIGUSR1", "SIGUSR1");
    for await (const signal of receiver) {
      expect(signal).toBe("SIGUSR1");
      break;
    }
    process.emit("SIGUSR1", "SIGUSR1");
    expect(await receiver.receive()).toBe("SIGUSR1");
  });

  it("does not deliver again what another listener has seen", async () => {
    let seen = 0;
    const other = (): void => void seen++;
    process.on("SIGUSR1", other);
    try {
      const receiver = openSignalReceiver("SIGUSR1");
      process.kill(process.pid, "SIGUSR1");
      while (receiver.statistics().pending.length === 0) await delay(1);
      receiver.close();
      await delay(50);
      expect(seen).toBe(1);
    } finally {
      process.off("SIGUSR1", other);
    }
  });

  it("delivers an unread signal again to a listener that was added since", async () => {
    const receiver = openSignalReceiver("SIGUSR1");
    process.kill(process.pid, "SIGUSR1");
    while (receiver.statistics().pending.length === 0) await delay(1);
    let seen = 0;
    const other = (): void => void seen++;
    process.on("SIGUSR1", other);
    try {
      receiver.close();
      while (seen === 0) await delay(1);
      expect(seen).toBe(1);
    } finally {
      process.off("SIGUSR1", other);
    }
  });

  it("leaves a signal to another receiver, and delivers it again when the last one closes", async () => {
    const first = openSignalReceiver("SIGUSR1");
    const second = openSignalReceiver("SIGUSR1");
    process.kill(process.pid, "SIGUSR1");
    while (first.statistics().pending.length === 0) await delay(1);
    first.close();
    expect(second.statistics().pending).toEqual(["SIGUSR1"]);
    using later = openSignalReceiver("SIGUSR1");
    expect(later.statistics().pending).toEqual([]);
    second.close();
    expect(await later.receive()).toBe("SIGUSR1");
  });

  it("does not deliver again what one of two receivers has read", async () => {
    const reader = openSignalReceiver("SIGUSR1");
    const idle = openSignalReceiver("SIGUSR1");
    const before = openSignalReceiver("SIGUSR1");
    process.kill(process.pid, "SIGUSR1");
    expect(await reader.receive()).toBe("SIGUSR1");
    let again = 0;
    const count = (): void => void again++;
    process.on("SIGUSR1", count);
    for (const receiver of [reader, idle, before]) receiver.close();
    await delay(50);
    process.off("SIGUSR1", count);
    expect(again).toBe(0);
  });

  it("leaves nothing behind when the runtime refuses a signal", async () => {
    const before = process.listenerCount("SIGUSR1");
    const on = process.on.bind(process);
    const refusing = vi.spyOn(process, "on").mockImplementation(((event: string, listener: () => void) => {
      if (event === "SIGHUP") throw new Error("refused");
      return on(event, listener);
    }) as never);
    try {
      expect(() => openSignalReceiver("SIGUSR1", "SIGHUP")).toThrow("refused");
    } finally {
      refusing.mockRestore();
    }
    expect(process.listenerCount("SIGUSR1")).toBe(before);
    using receiver = openSignalReceiver("SIGHUP");
    process.emit("SIGHUP", "SIGHUP");
    expect(await receiver.receive()).toBe("SIGHUP");
  });

  it("law 13: tells what is wrong with its arguments", () => {
    expect(() => openSignalReceiver()).toThrow(TypeError);
    expect(() => openSignalReceiver(2 as never)).toThrow('names of signals such as "SIGINT"');
    expect(() => openSignalReceiver("SIGFOO" as never)).toThrow('there is no signal "SIGFOO"');
    expect(() => openSignalReceiver("SIGKILL")).toThrow("no program can catch SIGKILL");
  });
});

describe.runIf(unix)("openSignalReceiver, as a real process", () => {
  it("reads several signals in one loop and removes its handlers", async () => {
    const child = start("read");
    await child.said("ready");
    for (const signal of ["SIGHUP", "SIGUSR1", "SIGTERM"] as const) {
      child.kill(signal);
      await child.said(signal);
    }
    expect(await child.exit()).toBe(0);
    expect(child.lines.at(-1)).toBe("listeners: 0");
  });

  it("delivers an unread signal again to the default action", async () => {
    const child = start("unread");
    await child.said("ready");
    child.kill("SIGTERM");
    expect(await child.exit()).toBe("SIGTERM");
    expect(child.lines).toEqual(["ready", "arrived"]);
  });
});
