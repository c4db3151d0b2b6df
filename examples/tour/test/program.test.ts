import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { stops } from "../src/stops/index.ts";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const sabotage = new URL("fixtures/sabotage.mjs", import.meta.url).href;

/** Whether nothing of the stop's plain half can be run here: on Windows no program can send another one a signal. */
const needsSignals = (stop: number): boolean => process.platform === "win32" && [7, 11, 12].includes(stop);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const options = { env: { ...process.env, FORCE_COLOR: undefined, COLUMNS: undefined, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

const tour = (...args: string[]): Promise<Ended> => node([program, ...args]);

describe("the tour", () => {
  it(
    "observes at each stop that plain promises fall short of the claim and Espalier does not",
    { timeout: 90_000 },
    async () => {
      const { code, stdout, stderr } = await tour();
      const summary = stdout.slice(stdout.lastIndexOf("─"));
      const rows = summary.match(/^ *\d+ {2}\S.* [✓✗] +[✓✗]$/gm) ?? [];
      expect(rows.map((row) => row.replaceAll(/ +/g, " ").trim())).toEqual(
        stops.map(({ title }, i) => `${i + 1} ${title} ${needsSignals(i + 1) ? "✓" : "✗"} ✓`),
      );
      expect(stderr).toBe("");
      expect(stdout).not.toContain("\u001B");
      expect(code).toBe(0);
    },
  );

  it("lists its stops", async () => {
    const { code, stdout } = await tour("--list");
    expect(stdout).toBe(stops.map(({ title }, i) => `${String(i + 1).padStart(2)}  ${title}\n`).join(""));
    expect(code).toBe(0);
  });

  it("visits one stop, in a narrow window", async () => {
    const { code, stdout } = await node([program, "5"], { COLUMNS: "44" });
    expect(stdout).toContain(stops[4]!.title);
    expect(stdout).not.toContain(stops[3]!.title);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(44);
    expect(code).toBe(0);
  });

  it("tells how it is used", async () => {
    expect((await tour("--help")).stdout).toContain("npm start -- [number ...]");
    const wrong = await tour("99");
    expect(wrong.stderr).toContain('There is no stop "99"');
    expect(wrong.code).toBe(2);
  });

  it("ends with exit code 1 when Espalier is sabotaged, and says where that shows", async () => {
    const { code, stdout } = await node(["--import", sabotage, program, "3", "5"]);
    expect(stdout).toContain("Stop 3: Espalier did not do what is claimed.");
    expect(stdout).not.toContain("Stop 5: Espalier");
    expect(code).toBe(1);
  });
});
