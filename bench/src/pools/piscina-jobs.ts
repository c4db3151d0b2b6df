import { move } from "piscina";

export function add([a, b]: readonly [number, number]): number {
  return a + b;
}

export function increment(bytes: Uint8Array): unknown {
  bytes[0]!++;
  return move(bytes as never);
}

// Each pool looks for a default export first.
export default add;
