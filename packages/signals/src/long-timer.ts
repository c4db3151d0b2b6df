/** The longest delay of a timer, in milliseconds; a longer one would be over at once. */
export const longestDelay: number = 2 ** 31 - 1;

/** A timer for any delay. Gives a function that stops it. */
export function startTimer(ms: number, whenOver: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    const part = Math.min(left, longestDelay);
    timer = setTimeout(() => {
      if (part === left) whenOver();
      else wait(left - part);
    }, part);
  };
  if (ms !== Infinity) wait(ms);
  return () => {
    clearTimeout(timer);
  };
}
