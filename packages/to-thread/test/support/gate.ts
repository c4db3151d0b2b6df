import { eventually } from "@espalier/test-support";

/** Shared with a function in a thread: [it has begun, it may go on, what it noticed]. */
export function makeGate(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(12));
}

/** Until the function in the thread has begun. */
export async function begun(gate: Int32Array): Promise<void> {
  await eventually(() => Atomics.load(gate, 0) === 1);
}

/** Lets the function in the thread go on. */
export function open(gate: Int32Array): void {
  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
}
