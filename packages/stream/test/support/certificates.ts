import { readFileSync } from "node:fs";

function read(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
}

/** A key and its certificate, as TLS options. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export const ca: string = read("ca.pem");
/** For `localhost` and 127.0.0.1. */
export const goodServer: Identity = { key: read("server.key.pem"), cert: read("server.pem") };
/** For `other.example`. */
export const otherServer: Identity = { key: read("other.key.pem"), cert: read("other.pem") };
export const expiredServer: Identity = { key: read("expired.key.pem"), cert: read("expired.pem") };
export const someClient: Identity = { key: read("client.key.pem"), cert: read("client.pem") };
