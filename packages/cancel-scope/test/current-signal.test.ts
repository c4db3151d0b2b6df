import { EventEmitter, getEventListeners, on, once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { CancelScope, currentSignal, moveOnAfter } from "@espalier/cancel-scope";
import { checkpoint, detached, isCancelled } from "@espalier/core";
import { eventually, rejection, turns } from "@espalier/test-support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("currentSignal", () => {
  it("is the signal of the innermost scope", async () => {
    await new CancelScope().run(async (outer) => {
      expect(currentSignal()).toBe(outer.signal);
      await new CancelScope().run((inner) => {
        expect(currentSignal()).toBe(inner.signal);
        expect(inner.signal).not.toBe(outer.signal);
      });
      await checkpoint();
      expect(currentSignal()).toBe(outer.signal);
    });
  });

  it("outside every scope never aborts, and is the same each time", async () => {
    const outside = await detached(() => currentSignal());
    expect(outside.aborted).toBe(false);
    expect(await detached(() => currentSignal())).toBe(outside);
  });

  it("in a cancelled scope is aborted", async () => {
    const scope = new CancelScope();
    scope.cancel();
    await scope.run(() => {
      expect(currentSignal().aborted).toBe(true);
    });
  });
});

/** Runs `body` in a scope that is cancelled once `ready`, and checks that it unwinds as its cancellation and leaves no listener. */
async function unwinds(
  body: (signal: AbortSignal) => Promise<unknown>,
  ready: () => boolean | Promise<boolean> = () => true,
): Promise<void> {
  const scope = new CancelScope();
  let raised: unknown;
  const ended = scope.run(async () => {
    try {
      await body(currentSignal());
    } catch (error) {
      raised = error;
      expect(isCancelled(error)).toBe(true);
      throw error;
    }
  });
  await eventually(ready, "the moment to cancel");
  scope.cancel();
  await ended;
  expect(raised).toBeInstanceOf(Error);
  expect(scope.cancelledCaught).toBe(true);
  expect(listeners(scope.signal)).toBe(0);
}

describe("Node's own functions with currentSignal() unwind as a cancellation and leave no listener", () => {
  it("timers/promises: setTimeout", () => unwinds((signal) => delay(1e6, undefined, { signal })));

  it("events.once", async () => {
    const emitter = new EventEmitter();
    await unwinds((signal) => once(emitter, "never", { signal }));
    expect(emitter.listenerCount("never")).toBe(0);
    expect(emitter.listenerCount("error")).toBe(0);
  });

  it("events.on", async () => {
    const emitter = new EventEmitter();
    await unwinds(async (signal) => {
      for await (const _event of on(emitter, "never", { signal })) throw new Error("unexpected");
    });
    expect(emitter.listenerCount("never")).toBe(0);
  });

  describe("fs/promises: readFile", () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "espalier-cancel-scope-"));
      writeFileSync(join(folder, "big"), Buffer.alloc(32 * 2 ** 20));
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    it("while it reads", () => unwinds((signal) => readFile(join(folder, "big"), { signal })));

    it("already cancelled", async () => {
      const scope = new CancelScope();
      scope.cancel();
      expect(
        await scope.run(() => readFile(join(folder, "big"), { signal: currentSignal() })),
      ).toBeUndefined();
      expect(scope.cancelledCaught).toBe(true);
    });

    it("that ends in time leaves no listener", async () => {
      await new CancelScope().run(async (scope) => {
        await readFile(join(folder, "big"), { signal: currentSignal() });
        expect(listeners(scope.signal)).toBe(0);
      });
    });
  });

  it("what ends in time leaves no listener either", async () => {
    const emitter = new EventEmitter();
    await new CancelScope().run(async (scope) => {
      await delay(1, undefined, { signal: currentSignal() });
      setTimeout(() => emitter.emit("event"), 1);
      await once(emitter, "event", { signal: currentSignal() });
      expect(listeners(scope.signal)).toBe(0);
    });
  });
});

describe("fetch with currentSignal()", () => {
  let server: Server;
  let url: string;
  /** What the server saw. */
  const seen = { requests: 0, disconnects: 0 };

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.requests++;
      response.on("close", () => {
        if (!response.writableFinished) seen.disconnects++;
      });
      if (request.url === "/silent") return; // no headers ever
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("the beginning");
      if (request.url === "/whole") response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** `fetch` may keep its listener until its request is collected; then it is gone without any doing of ours. */
  async function listenersGone(signal: AbortSignal): Promise<void> {
    await eventually(async () => {
      globalThis.gc?.();
      await turns(2);
      return listeners(signal) === 0;
    }, "the end of fetch's listeners");
  }

  it.each(["headers", "body"] as const)(
    "cancelled while waiting for the %s: unwinds as the scope's cancellation, and the server sees the disconnect",
    async (what) => {
      const before = { ...seen };
      const scope = new CancelScope();
      let gotHeaders = false;
      let raised: unknown;
      const ended = scope.run(async () => {
        try {
          const response = await fetch(what === "headers" ? `${url}/silent` : `${url}/unfinished`, {
            signal: currentSignal(),
          });
          gotHeaders = true;
          return await response.text();
        } catch (error) {
          raised = error;
          throw error;
        }
      });
      await eventually(() => seen.requests > before.requests && gotHeaders === (what === "body"));
      scope.cancel("enough");
      expect(await ended).toBeUndefined();
      expect(scope.cancelledCaught).toBe(true);
      expect(isCancelled(raised)).toBe(true);
      await eventually(() => seen.disconnects > before.disconnects, "the disconnect");
      expect(listeners(scope.signal)).toBe(0);
    },
  );

  it("that ends well in time leaves no listener, and the scope is free to go on", async () => {
    await new CancelScope().run(async (scope) => {
      const text = await (await fetch(`${url}/whole`, { signal: currentSignal() })).text();
      expect(text).toBe("the beginning");
      await listenersGone(scope.signal);
    });
  });

  it("a response whose headers came within the limit can still be read after it (law 7)", async () => {
    const response = await moveOnAfter(10_000, () => fetch(`${url}/whole`, { signal: currentSignal() }));
    expect(await response?.text()).toBe("the beginning");
  });

  it("in a cancelled scope does not even connect", async () => {
    const before = seen.requests;
    const scope = new CancelScope();
    scope.cancel();
    expect(await scope.run(() => fetch(`${url}/whole`, { signal: currentSignal() }))).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
    expect(seen.requests).toBe(before);
  });

  it("with AbortSignal.any of ours and another: each abort is told by whose it is", async () => {
    const mine = new AbortController();
    const reason = new Error("the user's own controller");
    const scope = new CancelScope();
    const ended = rejection(
      scope.run(() => fetch(`${url}/silent`, { signal: AbortSignal.any([currentSignal(), mine.signal]) })),
    );
    const before = seen.requests;
    await eventually(() => seen.requests > before);
    mine.abort(reason);
    expect(await ended).toBe(reason);

    const limited = await moveOnAfter(5, () =>
      fetch(`${url}/silent`, { signal: AbortSignal.any([currentSignal(), mine.signal]) }),
    ).catch((error: unknown) => error);
    expect(limited).toBe(reason); // aborted before it began: not ours

    const other = new AbortController().signal;
    expect(
      await moveOnAfter(5, () =>
        fetch(`${url}/silent`, { signal: AbortSignal.any([currentSignal(), other]) }),
      ),
    ).toBeUndefined();
  });

  it("fifty at once in one scope draw no MaxListenersExceededWarning", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    try {
      const emitter = new EventEmitter();
      emitter.setMaxListeners(0);
      const before = seen.requests;
      const scope = new CancelScope();
      const ended = scope.run(() =>
        Promise.all([
          ...Array.from({ length: 50 }, () => fetch(`${url}/silent`, { signal: currentSignal() })),
          ...Array.from({ length: 50 }, () => delay(1e6, undefined, { signal: currentSignal() })),
          ...Array.from({ length: 50 }, () => once(emitter, "never", { signal: currentSignal() })),
        ]),
      );
      await eventually(() => seen.requests - before >= 50);
      scope.cancel();
      expect(await ended).toBeUndefined();
      await turns(3);
      expect(warnings).toEqual([]);
      expect(listeners(scope.signal)).toBe(0);
    } finally {
      process.off("warning", note);
    }
  });
});
