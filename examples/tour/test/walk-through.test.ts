import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Screen } from "../src/screen.ts";
import { numberOf, type Part, type Stop } from "../src/stop.ts";
import { stops } from "../src/stops/index.ts";
import { walkThrough } from "../src/tour.ts";

/** A stop whose Espalier half is as given. */
function stopWith(espalier: Part["run"], plain: Part["run"] = async () => ["as always"]): Stop {
  return {
    file: "42-invented",
    title: "An invented stop",
    claim: "All is well.",
    parts: [
      { world: "plain", code: "half", run: plain },
      { world: "espalier", code: "half", run: espalier },
    ],
  };
}

let text = "";
const screen = new Screen({ columns: 80, write: (more) => (text += more) });

beforeEach(() => {
  text = "";
  vi.stubGlobal("SOURCES", { "42-invented": "// #region half\ncode();\n// #endregion\n" });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("walkThrough", () => {
  it("refutes nothing when Espalier does what is claimed, whatever the plain half does", async () => {
    const walk = await walkThrough([stopWith(async () => [])], screen);
    expect(walk).toEqual({ refuted: [], stuck: false });
    expect(text).toContain("│ code();");
    expect(text).toContain("✗ as always");
    expect(text).toContain("✓ As claimed.");
  });

  it("refutes a stop whose Espalier half does something else, and says which", async () => {
    const good = stopWith(async () => []);
    const bad = stopWith(async () => ["It hung around."]);
    const walk = await walkThrough([good, bad, good], screen);
    expect(walk.refuted).toEqual([bad]);
    expect(text).toContain("✗ It hung around.");
    expect(text).toContain("✗ Stop 42: Espalier did not do what is claimed.");
  });

  it("refutes a stop whose Espalier half throws, and goes on", async () => {
    const bad = stopWith(async () => {
      throw new Error("out of order");
    });
    const walk = await walkThrough([bad, stopWith(async () => [])], screen);
    expect(walk.refuted).toEqual([bad]);
    expect(text).toContain("It failed: Error: out of order");
  });

  it("refutes a stop whose Espalier half does not end, and goes on", async () => {
    let release: (() => void) | undefined;
    const bad = stopWith(async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return [];
    });
    const walk = await walkThrough([bad, stopWith(async () => [])], screen, 50);
    release?.();
    expect(walk).toEqual({ refuted: [bad], stuck: true });
    expect(text).toContain("It has not ended after 0.05 s.");
  });

  it("shows what is observed with its time, and nothing of a part that is over", async () => {
    let late: ((what: string) => number) | undefined;
    const stop = stopWith(
      async (log) => {
        late?.("a voice from the past");
        log("now");
        log(new Error("oh"));
        expect(log.at("now")).toBeGreaterThanOrEqual(0);
        expect(log.at("never")).toBeUndefined();
        return [];
      },
      async (log) => {
        late = log;
        return ["as always"];
      },
    );
    await walkThrough([stop], screen);
    expect(text).toMatch(/^ +\d\.\d\d s {2}now$/m);
    expect(text).toMatch(/^ +\d\.\d\d s {2}Error: oh$/m);
    expect(text).not.toContain("a voice from the past");
  });
});

describe("stops", () => {
  it("has each file of src/stops, in order", () => {
    const files = readdirSync(fileURLToPath(new URL("../src/stops", import.meta.url)));
    const expected = files.filter((file) => /^\d\d-.*\.ts$/.test(file)).sort();
    expect(stops.map(({ file }) => `${file}.ts`)).toEqual(expected);
    expect(stops.map(numberOf)).toEqual(stops.map((_, i) => i + 1));
  });

  it("claims something in two sentences, and lets both worlds try", () => {
    for (const { file, claim, parts } of stops) {
      expect(claim.match(/[.](?= |$)/g), file).toHaveLength(2);
      expect(new Set(parts.map(({ world }) => world)), file).toEqual(new Set(["plain", "espalier"]));
    }
  });
});
