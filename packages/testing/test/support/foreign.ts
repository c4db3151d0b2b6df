/** Something foreign that takes so many milliseconds of real time. */
export function foreign(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
