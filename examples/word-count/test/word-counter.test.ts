import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WordCounter } from "../src/word-counter.ts";

function count(...pieces: string[]): { lines: number; words: number } {
  const counter = new WordCounter();
  for (const piece of pieces) counter.add(Buffer.from(piece));
  return counter.count;
}

describe("WordCounter", () => {
  it("counts nothing in nothing", () => {
    expect(count()).toEqual({ lines: 0, words: 0 });
    expect(count("")).toEqual({ lines: 0, words: 0 });
  });

  it("counts a last line without a line break", () => {
    expect(count("one two\nthree")).toEqual({ lines: 2, words: 3 });
    expect(count("one two\nthree\n")).toEqual({ lines: 2, words: 3 });
  });

  it("takes a word that is cut in two for one", () => {
    expect(count("o", "ne t", "wo", "", "\n")).toEqual({ lines: 1, words: 2 });
  });

  it("leaves other alphabets whole", () => {
    expect(count("Grüße aus Zürich, 東京 で\r\n")).toEqual({ lines: 1, words: 5 });
  });

  it("agrees with a regular expression, however the text is cut", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "ö", " ", "\t", "\n", "\r", "\v", "\f") });
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const lines = text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
        expect(count(...pieces)).toEqual({ lines, words: text.match(/\S+/g)?.length ?? 0 });
      }),
    );
  });
});
