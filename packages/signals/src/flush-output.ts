/** After so long without any progress, a reader of our output has stopped reading. */
const patienceMs = 1000;

/**
 * Waits until what was written to stdout and stderr has left the process: `process.exit` drops what a pipe has not taken
 * yet. As long as it takes, as with any program whose reader is slow or has paused (`| less`). One that has gone away does
 * not matter any more.
 *
 * @param isAsked - Whether the process was asked to end: then a reader that has stopped reading does not hold it up.
 */
export async function flushOutput(isAsked: boolean): Promise<void> {
  let watch: ReturnType<typeof setInterval> | undefined;
  const tired = new Promise<void>((resolve) => {
    let before = unsent();
    // Also keeps the process alive meanwhile.
    watch = setInterval(() => {
      const now = unsent();
      if (isAsked && now >= before) resolve();
      before = now;
    }, patienceMs);
  });
  await Promise.race([Promise.all(outputs().map(flush)), tired]);
  clearInterval(watch);
}

function outputs(): NodeJS.WriteStream[] {
  return [process.stdout, process.stderr];
}

/** So many bytes wait in this process. Bun always says 0, and calls back too early: there a slow reader loses the end. */
function unsent(): number {
  return outputs().reduce((sum, stream) => sum + stream.writableLength, 0);
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) {
      resolve();
      return;
    }
    const done = (): void => {
      resolve();
    };
    stream.once("error", done);
    stream.write("", done); // its turn comes after all that was written before
  });
}
