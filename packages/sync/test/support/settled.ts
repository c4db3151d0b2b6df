/** Lets everything happen that can happen without anybody's doing: a few turns of the event loop. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** What a promise rejects with, or a function throws; fails if it does not. */
export async function errorOf(attempt: PromiseLike<unknown> | (() => unknown)): Promise<unknown> {
  let value: unknown;
  try {
    value = await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error(`expected an error, got ${String(value)}`);
}

/** Rejections that nobody looked at while `body` ran. */
export async function unhandledDuring(body: () => Promise<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const note = (error: unknown): void => void seen.push(error);
  // vitest's own listeners would make the test fail whatever it expects
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
  try {
    await body();
    await settled();
  } finally {
    process.off("unhandledRejection", note);
    for (const other of others) process.on("unhandledRejection", other);
  }
  return seen;
}
