import { transfer } from "@espalier/to-thread/worker";

export function add(a: number, b: number): number {
  return a + b;
}

export function increment(bytes: Uint8Array): Uint8Array {
  bytes[0]!++;
  return transfer(bytes, [bytes.buffer as ArrayBuffer]);
}
