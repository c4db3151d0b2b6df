import { placeholder } from "@espalier/{{name}}";
import { describe, expect, expectTypeOf, it } from "vitest";

describe("placeholder", () => {
  it("gives back what it was given", async () => {
    const value = await placeholder("a");
    expectTypeOf(value).toEqualTypeOf<string>();
    expect(value).toBe("a");
  });
});
