/** Lines and words of one file. */
export interface FileCount {
  readonly lines: number;
  readonly words: number;
}

const newline = 0x0a;
const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;

/**
 * Counts lines and words of a text that comes in pieces. Like `wc` it works on bytes: a word is a run of anything but
 * ASCII white space, so text in any encoding that contains ASCII (UTF-8, Latin-1) needs no decoding. Unlike `wc` it
 * counts a last line without a line break.
 */
export class WordCounter {
  #lines = 0;
  #words = 0;
  #inWord = false;
  /** Whether something came after the last line break. */
  #inLine = false;

  add(bytes: Uint8Array): void {
    let lines = 0;
    let words = 0;
    let inWord = this.#inWord;
    // This loop is where the program spends its time; with an iterator it takes twice as long.
    // eslint-disable-next-line @typescript-eslint/prefer-for-of
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === newline) lines++;
      if (byte === space || (byte >= tab && byte <= carriageReturn)) inWord = false;
      else if (!inWord) {
        inWord = true;
        words++;
      }
    }
    if (bytes.length > 0) this.#inLine = bytes[bytes.length - 1] !== newline;
    this.#inWord = inWord;
    this.#lines += lines;
    this.#words += words;
  }

  get count(): FileCount {
    return { lines: this.#lines + (this.#inLine ? 1 : 0), words: this.#words };
  }
}
