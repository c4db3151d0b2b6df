import { withSignal } from "@espalier/cancel-scope";
import { openFile } from "./open-file.ts";
import { type FileCount, WordCounter } from "./word-counter.ts";

/** It has a zero byte near its beginning, as git and grep see it too. UTF-16 looks the same and is not counted either. */
export class BinaryFileError extends Error {
  override readonly name = "BinaryFileError";
}

const lookedAt = 8000;

/**
 * Counts one file, piece by piece: its size does not matter. When the scope around is cancelled, the stream is destroyed
 * and the file closed before this ends.
 *
 * @checkpoint always
 */
export async function countFile(path: string): Promise<FileCount> {
  return withSignal(async (signal) => {
    const counter = new WordCounter();
    let first = true;
    for await (const piece of (await openFile(path, signal)) as AsyncIterable<Uint8Array>) {
      if (first && piece.subarray(0, lookedAt).includes(0)) throw new BinaryFileError(`${path} is binary.`);
      first = false;
      counter.add(piece);
    }
    return counter.count;
  });
}
