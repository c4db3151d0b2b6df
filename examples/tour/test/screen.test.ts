import { describe, expect, it } from "vitest";
import { Screen, seconds, wrap } from "../src/screen.ts";

function shown(columns: number, draw: (screen: Screen) => void): string[] {
  let text = "";
  draw(new Screen({ columns, write: (more) => (text += more) }));
  return text.trimEnd().split("\n");
}

describe("wrap", () => {
  it("breaks between words, and inside those that are longer than a line", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("a verylongword here", 6)).toEqual(["a", "verylo", "ngword", "here"]);
    expect(wrap("short", 80)).toEqual(["short"]);
    expect(wrap("", 80)).toEqual([""]);
  });

  it("keeps the spaces inside a line, and the room of the first line apart", () => {
    expect(wrap("x();  // why", 80)).toEqual(["x();  // why"]);
    expect(wrap("one two three", 5, 8)).toEqual(["one two", "three"]);
  });
});

describe("seconds", () => {
  it("rounds", () => {
    expect(seconds(1234.5)).toBe("1.23 s");
  });
});

describe("Screen", () => {
  it.each([30, 40, 80, 200])("keeps within %i columns", (columns) => {
    const lines = shown(columns, (screen) => {
      screen.rule();
      screen.title(12, "A title with a good many words, and then some more of them");
      screen.paragraph("word ".repeat(100));
      screen.code([`  const x = ${"call(".repeat(20)}`]);
      screen.event(12_345, "something was observed that takes many words to tell");
      screen.verdict(false, "it is not at all as it was claimed to be, by far");
      screen.row("12", "A title with a good many words, and then some more", "✗", "✓");
    });
    // eslint-disable-next-line no-control-regex
    const lengths = lines.map((line) => line.replaceAll(/\u001B\[\d+m/g, "").length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(Math.min(columns, 80));
  });
});
