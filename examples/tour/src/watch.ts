/** Watches a promise for at most `ms` milliseconds; gives whether it has settled by then. It goes on either way. */
export async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const settled = promise.then(
    () => true,
    () => true,
  );
  const enough = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([settled, enough]);
  } finally {
    clearTimeout(timer);
  }
}

/** A promise that stays pending: how a prop falls silent when its part is over, so that what waits for it stops for good. */
export function silence(): Promise<never> {
  return new Promise<never>(() => {});
}
