import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BrokenResourceError, Cancelled, ClosedResourceError } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { openUnixListener, openUnixStream, serveUnix, type SocketListener } from "@espalier/stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { decode, encode, readAll } from "./support/bytes.ts";
import { closing, echo } from "./support/connections.ts";
import { begin, inCancelledScope, rejection } from "./support/outcomes.ts";
import { onWindows } from "./support/runtime.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-"));
  path = onWindows ? `\\\\.\\pipe\\espalier-${process.pid}-${Math.random()}` : join(folder, "socket");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("Unix sockets", () => {
  it("connect, send, receive, half-close and end", async () => {
    const listener = await openUnixListener(path);
    await closing([listener], async () => {
      const client = await openUnixStream(path);
      const server = await listener.accept();
      await closing([client, server], async () => {
        expect([client.localAddress, client.remoteAddress, listener.port]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
        expect(listener.address).toBe(path);
        await client.sendAll(encode("question"));
        await client.sendEof();
        expect(await readAll(server)).toBe("question");
        await server.sendAll(encode("answer"));
        await server.aclose();
        expect(await readAll(client)).toBe("answer");
      });
    });
  });

  it("are served by serveUnix, and the path is gone afterwards", async () => {
    await openNursery(async (nursery) => {
      await nursery.start<SocketListener[]>((started) => serveUnix(echo, { path, started }));
      const client = await openUnixStream(path);
      await client.sendAll(encode("x"));
      expect(decode(await client.receiveSome())).toBe("x");
      await client.aclose();
      nursery.cancelScope.cancel();
    });
    if (!onWindows) expect(existsSync(path)).toBe(false);
    expect(await rejection(openUnixStream(path))).toBeInstanceOf(BrokenResourceError);
  });

  it("say that nobody listens, or that the path is taken", async () => {
    const nobody = await rejection(openUnixStream(path));
    expect(nobody).toBeInstanceOf(BrokenResourceError);
    expect(nobody.message).toContain(path);
    if (onWindows) return;
    writeFileSync(path, "");
    expect(await rejection(openUnixListener(path))).toBeInstanceOf(BrokenResourceError);
    expect(existsSync(path)).toBe(true);
  });

  it("reject what is no path", async () => {
    expect(await rejection(openUnixStream(""))).toBeInstanceOf(TypeError);
    expect(await rejection(openUnixListener(undefined as never))).toBeInstanceOf(TypeError);
    expect(await rejection(openUnixStream(5n as never))).toMatchObject({
      message: "A Unix socket needs a path, not 5.",
    });
  });

  it("keep the rules of cancelling and closing", async () => {
    expect(await inCancelledScope(() => openUnixListener(path))).toMatchObject({
      error: expect.any(Cancelled),
    });
    const listener = await openUnixListener(path);
    await closing([listener], async () => {
      expect(await inCancelledScope(() => openUnixStream(path))).toMatchObject({
        error: expect.any(Cancelled),
      });
      const client = await openUnixStream(path);
      const server = await listener.accept();
      await closing([client, server], async () => {
        const call = begin(() => server.receiveSome());
        call.cancel();
        await call.outcome;
        await client.sendAll(encode("x"));
        expect(decode(await server.receiveSome())).toBe("x");
        await server.aclose();
        expect(await rejection(server.receiveSome())).toBeInstanceOf(ClosedResourceError);
      });
    });
  });
});
