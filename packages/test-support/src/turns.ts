/** Lets the event loop turn `count` times: timers that are due and I/O have had their chance. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
