/** So many moves, and then timers and I/O have their turn. */
const movesPerTurn = 512;

let left = movesPerTurn;
let nextTurn: Promise<void> | undefined;

/** `undefined` while this turn of the event loop may go on, else a promise for the next; all wait for the same. */
export function turn(): Promise<void> | undefined {
  if (--left > 0) return undefined;
  nextTurn ??= new Promise((resolve) => {
    setImmediate(() => {
      left = movesPerTurn;
      nextTurn = undefined;
      resolve();
    });
  });
  return nextTurn;
}
