/** So long may a reader of our output that has stopped reading hold up the exit. */
const patienceMs = 1000;

/**
 * Waits until what was written to stdout and stderr has left the process: `process.exit` drops what a pipe has not taken
 * yet. Not for ever: a reader may have stopped reading. One that has gone away does not matter any more.
 */
export async function flushOutput(): Promise<void> {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const tired = new Promise<void>((resolve) => {
    patience = setTimeout(resolve, patienceMs);
  });
  const flushed = Promise.all([process.stdout, process.stderr].map(flush));
  await Promise.race([flushed, tired]);
  clearTimeout(patience);
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) {
      resolve();
      return;
    }
    const done = (): void => {
      resolve();
    };
    stream.once("error", done);
    stream.write("", done);
  });
}
