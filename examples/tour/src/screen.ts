import { styleText } from "node:util";

/** Where the tour writes to; `process.stdout`, or a list of lines in a test. */
export interface Output {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

const widest = 80;
const narrowest = 30;

/**
 * Lays out text for a terminal: wrapped to its width, with colours only where they are wanted (`styleText` looks at
 * NO_COLOR, FORCE_COLOR and whether stdout is a terminal).
 */
export class Screen {
  readonly #output: Output;
  readonly #width: number;

  constructor(output: Output) {
    this.#output = output;
    const columns = output.columns ?? Number(process.env["COLUMNS"] ?? widest);
    this.#width = Math.min(Math.max(columns || widest, narrowest), widest);
  }

  blank(): void {
    this.#output.write("\n");
  }

  rule(): void {
    this.#line(styleText("dim", "─".repeat(this.#width)));
  }

  title(number: number, text: string): void {
    this.#print(styleText("bold", String(number).padStart(2)) + "  ", "    ", text, "bold");
  }

  paragraph(text: string): void {
    this.#print("    ", "    ", text);
  }

  heading(text: string): void {
    this.#print("    ", "    ", text, "underline");
  }

  /** Lines of a program. Only those that are too long for a narrow terminal are broken. */
  code(lines: readonly string[]): void {
    for (const line of lines) {
      const indentation = /^ */.exec(line)![0];
      const bar = styleText("dim", "    │ ");
      this.#print(bar + indentation, `${bar}${indentation}    `, line.trimStart(), "cyan");
    }
  }

  /** Something that was observed, and when. */
  event(ms: number, text: string): void {
    this.#print(styleText("dim", `${seconds(ms).padStart(10)}  `), " ".repeat(12), text);
  }

  verdict(good: boolean, text: string): void {
    const sign = good ? styleText("green", "  ✓ ") : styleText("red", "  ✗ ");
    this.#print(sign, "    ", text, good ? "green" : "red");
  }

  /** A row of the summary. */
  row(number: string, text: string, plain: string, espalier: string): void {
    const columns = `${plain.padEnd(7)}${espalier.padEnd(8)}`;
    const room = this.#width - 4 - columns.length - 1;
    const [first = "", ...more] = wrap(text, room);
    this.#line(`${number.padStart(2)}  ${first.padEnd(room)} ${columns}`);
    for (const line of more) this.#line(`    ${line}`);
  }

  #print(
    first: string,
    others: string,
    text: string,
    style?: "bold" | "underline" | "cyan" | "green" | "red",
  ): void {
    const room = this.#width - visibleLength(others);
    wrap(text, room, this.#width - visibleLength(first)).forEach((line, i) => {
      this.#line((i === 0 ? first : others) + (style === undefined ? line : styleText(style, line)));
    });
  }

  #line(text: string): void {
    this.#output.write(`${text.trimEnd()}\n`);
  }
}

/** A span of time, for people: "0.05 s". */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/**
 * Breaks text between words into lines of at most `room` characters, `firstRoom` in the first line; a word that is longer
 * than that is cut.
 */
export function wrap(text: string, room: number, firstRoom: number = room): string[] {
  const lines: string[] = [];
  let line = "";
  const roomNow = (): number => (lines.length === 0 ? firstRoom : room);
  // Spaces before a word stay with it: code may align its comments.
  for (let word of text.match(/ *[^ ]+/g) ?? []) {
    if (line !== "" && line.length + word.length > roomNow()) {
      lines.push(line);
      line = "";
      word = word.trimStart();
    }
    line += word;
    while (line.length > roomNow()) {
      const cut = roomNow();
      lines.push(line.slice(0, cut));
      line = line.slice(cut);
    }
  }
  return [...lines, line];
}

function visibleLength(text: string): number {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B\[\d+m/g, "").length;
}
