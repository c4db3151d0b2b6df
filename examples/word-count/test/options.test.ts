import { describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "../src/options.ts";

describe("parseOptions", () => {
  it("takes the project's own folder when none is given", () => {
    const { folder, workers, fileTimeoutMs } = parseOptions([]);
    expect(folder).toMatch(/[\\/]$/);
    expect({ workers, fileTimeoutMs }).toEqual({ workers: 8, fileTimeoutMs: 5000 });
  });

  it("reads the flags", () => {
    expect(parseOptions(["here", "--workers", "2", "--file-timeout=100", "--follow", "--all", "-h"])).toEqual(
      {
        folder: "here",
        workers: 2,
        fileTimeoutMs: 100,
        follow: true,
        all: true,
        help: true,
      },
    );
  });

  it.each([
    [["--workers", "0"], /--workers needs a whole number from 1 to 1000, not "0"/],
    [["--workers", "2.5"], /--workers/],
    [["--file-timeout", "soon"], /--file-timeout needs a whole number/],
    [["one", "two"], /One folder is enough/],
    [["--wrokers", "2"], /wrokers/],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
