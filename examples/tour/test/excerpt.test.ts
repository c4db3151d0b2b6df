import { describe, expect, it } from "vitest";
import { excerpt } from "../src/excerpt.ts";

const source = `
import { a } from "a";
async function one() {
  // #region shown
  if (a) {
    // eslint-disable-next-line some/rule
    b();
  }
  // #endregion
  c();
  // #region other
  d();
  // #endregion
  // #region shown

  e();
  // #endregion
}

export async function two(): Promise<void> {
  f();
}
`;

describe("excerpt", () => {
  it("gives the regions of a name without their margin, and nothing that is for tools", () => {
    expect(excerpt(source, "shown")).toEqual(["if (a) {", "  b();", "}", "...", "", "e();"]);
    expect(excerpt(source, "other")).toEqual(["d();"]);
  });

  it("gives a function where there is no region", () => {
    expect(excerpt(source, "two")).toEqual(["export async function two(): Promise<void> {", "  f();", "}"]);
  });

  it("does not know what is not there", () => {
    expect(() => excerpt(source, "three")).toThrow('neither a region nor a function "three"');
  });
});
