import { close, constants, createReadStream, fstat, open } from "node:fs";
import { Socket } from "node:net";
import { addAbortSignal, type Readable } from "node:stream";
import { promisify } from "node:util";

const openAsync = promisify(open);
const statAsync = promisify(fstat);
const closeAsync = promisify(close);

/**
 * With this flag, opening a named pipe does not wait for somebody to write into it. Without it the wait would block one
 * of the four threads with which Node works on files, and nothing can end that: not an AbortSignal, not even
 * `process.exit`. It means nothing for ordinary files, and does not exist on Windows.
 */
const withoutWaiting = (constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0;

/** It is neither a file nor a named pipe. */
export class NotAFileError extends Error {
  override readonly name = "NotAFileError";
}

/** Opens a file for reading. The stream closes it at its end, when it is destroyed, and when the signal aborts. */
export async function openFile(path: string, signal: AbortSignal): Promise<Readable> {
  const fd = await openAsync(path, constants.O_RDONLY | withoutWaiting);
  try {
    const stats = await statAsync(fd);
    if (stats.isFile()) return createReadStream(path, { fd, signal });
    // A pipe is read as a connection is: the kernel tells when something has come, and no thread waits.
    if (stats.isFIFO()) return addAbortSignal(signal, new Socket({ fd, readable: true, writable: false }));
    throw new NotAFileError(`${path} is not a file.`);
  } catch (error) {
    await closeAsync(fd);
    throw error;
  }
}
