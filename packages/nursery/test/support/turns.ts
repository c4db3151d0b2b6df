/** Lets the event loop turn `count` times: timers that are due and I/O have had their chance. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Waits, on real time, until something holds. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what = "it",
  limitMs = 15_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} did not come true in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
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
    await turns(3);
  } finally {
    process.off("unhandledRejection", note);
    for (const other of others) process.on("unhandledRejection", other);
  }
  return seen;
}
