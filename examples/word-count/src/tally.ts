import { extname } from "node:path";
import type { FileCount } from "./word-counter.ts";

/** The sums of one kind of file. */
export interface KindCount {
  readonly kind: string;
  readonly files: number;
  readonly lines: number;
  readonly words: number;
}

/** Why files were not counted, how many, and a few of them. */
export interface LeftOut {
  readonly why: string;
  /** Whether the result is incomplete because of them; binary files, say, are not missed. */
  readonly missed: boolean;
  readonly files: number;
  readonly examples: readonly string[];
}

const examplesKept = 3;

/** What has been counted so far. It is complete at every moment, so that an interrupted count still has a result. */
export class Tally {
  /** The files that the walk has come across. */
  found = 0;
  #done = 0;
  readonly #kinds = new Map<string, { files: number; lines: number; words: number }>();
  readonly #leftOut = new Map<string, { missed: boolean; files: number; examples: string[] }>();

  /** The files that have been dealt with: counted, or left out after a look. */
  get done(): number {
    return this.#done;
  }

  /** Adds a file that was counted. */
  count(path: string, { lines, words }: FileCount): void {
    const kind = extname(path).toLowerCase() || "(none)";
    const sum = this.#kinds.get(kind) ?? { files: 0, lines: 0, words: 0 };
    this.#kinds.set(kind, { files: sum.files + 1, lines: sum.lines + lines, words: sum.words + words });
    this.#done++;
  }

  /** Notes a file that was found but could not, or should not, be counted. */
  leaveOut(path: string, why: string, missed: boolean): void {
    this.passBy(path, why, missed);
    this.#done++;
  }

  /** Notes what the walk does not take for a file in the first place: a link, a folder that cannot be read. */
  passBy(path: string, why: string, missed: boolean): void {
    const sum = this.#leftOut.get(why) ?? { missed, files: 0, examples: [] };
    this.#leftOut.set(why, sum);
    sum.files++;
    if (sum.examples.length < examplesKept) sum.examples.push(path);
  }

  /** The sums per kind, the longest first. */
  get kinds(): KindCount[] {
    return [...this.#kinds]
      .map(([kind, sum]) => ({ kind, ...sum }))
      .sort((a, b) => b.lines - a.lines || a.kind.localeCompare(b.kind));
  }

  get total(): FileCount & { readonly files: number } {
    const total = { files: 0, lines: 0, words: 0 };
    for (const { files, lines, words } of this.#kinds.values()) {
      total.files += files;
      total.lines += lines;
      total.words += words;
    }
    return total;
  }

  get leftOut(): LeftOut[] {
    return [...this.#leftOut].map(([why, { missed, files, examples }]) => ({ why, missed, files, examples }));
  }

  /** Whether everything that was found, and should be counted, was. */
  get complete(): boolean {
    return this.#done === this.found && !this.leftOut.some(({ missed }) => missed);
  }
}
