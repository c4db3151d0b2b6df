import Tinypool from "tinypool";

export function add([a, b]: readonly [number, number]): number {
  return a + b;
}

export function increment(bytes: Uint8Array): unknown {
  bytes[0]!++;
  return Tinypool.move(bytes as never);
}

export default add;
