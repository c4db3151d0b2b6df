/** Waits, on real time, until something holds. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what = "it",
  limitMs = 15_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`this did not come true in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
