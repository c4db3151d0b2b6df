import { errorMessage, errorsText, errorText } from "@espalier/core/lowlevel";
import { describe, expect, it } from "vitest";

import { textless } from "./support/textless.ts";

describe("words about what was thrown", () => {
  it("names the class and the message of an error, or the message alone", () => {
    expect(errorText(new TypeError("not a number"))).toBe("TypeError: not a number");
    expect(errorMessage(new TypeError("not a number"))).toBe("not a number");
  });

  it.each([
    ["a string", "a string"],
    [undefined, "undefined"],
    [null, "null"],
    [5, "5"],
    [Symbol("s"), "Symbol(s)"],
  ])("takes what is not an error as it is: %s", (thrown, text) => {
    expect(errorText(thrown)).toBe(text);
    expect(errorMessage(thrown)).toBe(text);
  });

  it.each(textless)("never throws: %s", (_what, thrown) => {
    expect(errorText(thrown)).toBe("something that has no text");
    expect(errorMessage(thrown)).toBe("something that has no text");
    expect(errorsText([thrown, new Error("plain")])).toBe("something that has no text; Error: plain");
  });

  it("counts the errors past the fifth, and cuts long ones off", () => {
    const errors = Array.from({ length: 8 }, (_, i) => new Error(`${i}`));
    expect(errorsText(errors)).toBe("Error: 0; Error: 1; Error: 2; Error: 3; Error: 4; and 3 more");
    expect(errorsText([new Error("x".repeat(1000))])).toBe(`Error: ${"x".repeat(193)}...`);
    expect(errorsText([])).toBe("");
  });
});
