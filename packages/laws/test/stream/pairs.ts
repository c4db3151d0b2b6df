import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  openTcpListeners,
  openTcpStream,
  openUnixListener,
  openUnixStream,
  type SocketListener,
  type SocketStream,
  type Stream,
  type TlsStream,
  wrapTlsClient,
  wrapTlsServer,
} from "@espalier/stream";

export const host = "127.0.0.1";

export async function tcpPair(): Promise<[SocketStream, SocketStream]> {
  const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
  try {
    return [await openTcpStream(host, listener.port as number), await listener.accept()];
  } finally {
    await listener.aclose();
  }
}

let sockets = 0;

/** A path that nobody has, and what removes it. */
export function unixPath(): [path: string, remove: () => void] {
  if (process.platform === "win32")
    return [`\\\\.\\pipe\\espalier-laws-${process.pid}-${sockets++}`, () => undefined];
  const folder = mkdtempSync(join(tmpdir(), "espalier-"));
  return [join(folder, "socket"), () => void rmSync(folder, { recursive: true, force: true })];
}

export async function unixPair(): Promise<[SocketStream, SocketStream]> {
  const [path, remove] = unixPath();
  const listener = await openUnixListener(path);
  try {
    return [await openUnixStream(path), await listener.accept()];
  } finally {
    await listener.aclose();
    remove();
  }
}

function fixture(name: string): string {
  return readFileSync(new URL(`../../../stream/test/fixtures/${name}`, import.meta.url), "utf8");
}

export const ca: string = fixture("ca.pem");
/** For `localhost`. */
export const identity = { key: fixture("server.key.pem"), cert: fixture("server.pem") };

export async function tlsPair(options: { httpsCompatible?: boolean } = {}): Promise<[TlsStream, TlsStream]> {
  return tlsOver(...(await tcpPair()), options);
}

export async function tlsOver(
  client: Stream,
  server: Stream,
  options: { httpsCompatible?: boolean } = {},
): Promise<[TlsStream, TlsStream]> {
  const accepting = wrapTlsServer(server, { ...identity, ...options });
  const secure = await wrapTlsClient(client, { ca, servername: "localhost", ...options });
  return [secure, await accepting];
}
