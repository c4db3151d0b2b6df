import { openNursery } from "@espalier/nursery";
import {
  acloseForcefully,
  openTcpStream,
  serveTcp,
  type ServeTcpOptions,
  type SocketListener,
  type SocketStream,
} from "@espalier/stream";
import { describe, expect, it } from "vitest";

import { serveProxy } from "../src/proxy.ts";

const host = "127.0.0.1";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function readAll(stream: SocketStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Runs a target with the proxy before it. */
async function behindProxy(
  handler: (stream: SocketStream) => Promise<unknown>,
  body: (port: number, stopTarget: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const common: Pick<ServeTcpOptions, "port" | "host" | "onError"> = {
    port: 0,
    host,
    onError: () => undefined,
  };
  await openNursery(async (nursery) => {
    const [target] = await nursery.start<SocketListener[]>((started) =>
      serveTcp(handler, { ...common, started }),
    );
    const [proxy] = await nursery.start<SocketListener[]>((started) =>
      serveProxy({ host, port: target?.port as number }, { ...common, started }),
    );
    await body(proxy?.port as number, () => acloseForcefully(target as SocketListener));
    nursery.cancelScope.cancel();
  });
}

describe("proxy", () => {
  it("forwards both ways, and passes each end on by itself", () =>
    behindProxy(
      async (stream) => {
        const question = await readAll(stream);
        await stream.sendAll(encode(`You said: ${new TextDecoder().decode(question)}`));
      },
      async (port) => {
        await using stream = await openTcpStream(host, port);
        await stream.sendAll(encode("hello"));
        await stream.sendEof();
        expect(new TextDecoder().decode(await readAll(stream))).toBe("You said: hello");
      },
    ));

  it("holds a server back whose client does not read", async () => {
    let sent = 0;
    await behindProxy(
      async (stream) => {
        for (; sent < 200; sent++) await stream.sendAll(new Uint8Array(2 ** 20));
      },
      async (port) => {
        const stream = await openTcpStream(host, port);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await acloseForcefully(stream);
      },
    );
    expect(sent).toBeLessThan(40);
  });

  it("hangs up on a client whose server cannot be reached or breaks, and lives", () =>
    behindProxy(
      async (stream) => {
        await stream.receiveSome();
        throw new Error("the server has a bug");
      },
      async (port) => {
        for (let i = 0; i < 2; i++) {
          await using stream = await openTcpStream(host, port);
          await stream.sendAll(encode("x"));
          expect(await stream.receiveSome().catch(() => undefined)).toBeUndefined();
        }
      },
    ));
});
