import { moveOnAfter } from "@espalier/cancel-scope";
import { sleep, taskTree } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { existsSync, readdirSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countFolder, type CountOptions } from "../src/count-folder.ts";
import { Tally } from "../src/tally.ts";
import { TemporaryFolder } from "./folder.ts";

const unix = process.platform !== "win32";
const usual: CountOptions = { workers: 4, fileTimeoutMs: 20_000, follow: false, all: false };

async function count(folder: TemporaryFolder, options: Partial<CountOptions> = {}): Promise<Tally> {
  const tally = new Tally();
  await countFolder(folder.path, { ...usual, ...options }, tally);
  return tally;
}

/** The files that this process has open, where the system tells. */
function openFiles(): number | undefined {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : undefined;
}

describe("countFolder", () => {
  it("sums lines and words by kind, through all folders", async () => {
    using folder = new TemporaryFolder();
    folder.write("a.ts", "one two\nthree\n");
    folder.write("deep/er/b.TS", "four");
    folder.write("deep/README", "five six\n");
    const tally = await count(folder);
    expect(tally.kinds).toEqual([
      { kind: ".ts", files: 2, lines: 3, words: 4 },
      { kind: "(none)", files: 1, lines: 1, words: 2 },
    ]);
    expect(tally.total).toEqual({ files: 3, lines: 4, words: 6 });
    expect(tally.complete).toBe(true);
  });

  it("counts an empty folder", async () => {
    using folder = new TemporaryFolder();
    const tally = await count(folder);
    expect(tally.total).toEqual({ files: 0, lines: 0, words: 0 });
    expect(tally.complete).toBe(true);
  });

  it("counts the same with one worker and with many", async () => {
    using folder = new TemporaryFolder();
    for (let i = 0; i < 200; i++) folder.write(`${i % 7}/${i}.txt`, "word ".repeat(i));
    const one = await count(folder, { workers: 1 });
    const many = await count(folder, { workers: 50 });
    expect(one.total).toEqual({ files: 200, lines: 199, words: (199 * 200) / 2 });
    expect(many.total).toEqual(one.total);
  });

  it("leaves out hidden files, node_modules and dist, unless told otherwise", async () => {
    using folder = new TemporaryFolder();
    for (const name of [".hidden", "node_modules/x/index.js", "dist/main.js", "src/main.ts"])
      folder.write(name, "word\n");
    expect((await count(folder)).total.files).toBe(1);
    expect((await count(folder, { all: true })).total.files).toBe(4);
  });

  it("leaves out binary files", async () => {
    using folder = new TemporaryFolder();
    folder.write("text.dat", "no zero byte in here\n");
    folder.write("binary.dat", Buffer.from([1, 2, 0, 3]));
    const tally = await count(folder);
    expect(tally.total.files).toBe(1);
    expect(tally.leftOut).toMatchObject([{ why: "binary", missed: false, files: 1 }]);
    expect(tally.complete).toBe(true);
  });

  it("reads a large file piece by piece, so that its time limit holds", async () => {
    using folder = new TemporaryFolder();
    const line = `${"0123456789 ".repeat(9)}\n`;
    folder.write("large.log", line.repeat(400_000)); // 40 MB
    expect((await count(folder)).total).toEqual({ files: 1, lines: 400_000, words: 3_600_000 });
    const hurried = await count(folder, { fileTimeoutMs: 10 });
    expect(hurried.total.files).toBe(0);
    expect(hurried.leftOut).toMatchObject([{ why: "took too long", missed: true, files: 1 }]);
  });

  it("passes by links, also such as lead in circles", async () => {
    using folder = new TemporaryFolder();
    folder.write("real/a.txt", "one\n");
    symlinkSync(folder.path, join(folder.path, "real", "up"), "junction");
    const tally = await count(folder);
    expect(tally.total.files).toBe(1);
    expect(tally.leftOut).toMatchObject([{ why: "symbolic link", missed: false, files: 1 }]);
  });

  it.runIf(unix)("follows links when told to, and visits everything once", async () => {
    using folder = new TemporaryFolder();
    using elsewhere = new TemporaryFolder();
    folder.write("real/a.txt", "one\n");
    elsewhere.write("b.txt", "two\n");
    symlinkSync(folder.path, join(folder.path, "real", "up"));
    symlinkSync(elsewhere.path, join(folder.path, "elsewhere"));
    symlinkSync(elsewhere.path, join(folder.path, "again"));
    symlinkSync("self", join(folder.path, "self"));
    symlinkSync("nowhere", join(folder.path, "broken"));
    const tally = await count(folder, { follow: true });
    expect(tally.total).toEqual({ files: 2, lines: 2, words: 2 });
    expect(tally.leftOut).toMatchObject([{ why: "led nowhere, or vanished", missed: false, files: 2 }]);
    expect(tally.complete).toBe(true);
  });

  it.runIf(unix)("passes by a socket", async () => {
    using folder = new TemporaryFolder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder.path, "a.sock"), resolve));
    try {
      folder.write("a.txt", "one\n");
      const tally = await count(folder);
      expect(tally.total.files).toBe(1);
      expect(tally.complete).toBe(true);
    } finally {
      server.close();
    }
  });

  it.runIf(unix)("reads a named pipe to its end", async () => {
    using folder = new TemporaryFolder();
    const pipe = folder.pipe("pipe.txt");
    const [tally] = await Promise.all([count(folder), writeFile(pipe, "one two\n")]);
    expect(tally.total).toEqual({ files: 1, lines: 1, words: 2 });
  });

  it.runIf(unix)("gives a file that never answers its time, and goes on", async () => {
    using folder = new TemporaryFolder();
    // More pipes than Node has threads for files: none of them may block one.
    for (let i = 0; i < 10; i++) folder.pipe(`silent-${i}`);
    for (let i = 0; i < 20; i++) folder.write(`z/${i}.txt`, "word\n");
    const before = openFiles();
    const tally = await count(folder, { fileTimeoutMs: 200 });
    expect(tally.total.files).toBe(20);
    expect(tally.leftOut).toMatchObject([{ why: "took too long", missed: true, files: 10 }]);
    expect(tally.complete).toBe(false);
    expect(openFiles()).toBe(before);
  });

  it.runIf(unix)("keeps what was counted when it is cancelled, and leaves nothing open", async () => {
    using folder = new TemporaryFolder();
    for (let i = 0; i < 20; i++) folder.write(`a/${i}.txt`, "word\n");
    folder.write("a.txt", "word\n");
    folder.pipe("z-silent");
    const before = openFiles();
    const tally = new Tally();
    await moveOnAfter(60_000, async (scope) => {
      await openNursery(async (nursery) => {
        nursery.startSoon(() => countFolder(folder.path, usual, tally));
        while (tally.done < 21) await sleep(5);
        scope.cancel();
      });
    });
    expect(tally.total).toEqual({ files: 21, lines: 21, words: 21 });
    expect(tally.done).toBe(21);
    expect(tally.found).toBe(22);
    expect(openFiles()).toBe(before);
    expect(taskTree()).toEqual([]);
  });

  it.runIf(unix)("notes files that vanish between the walk and the reading", async () => {
    using folder = new TemporaryFolder();
    for (let i = 0; i < 5; i++) folder.write(`${i}.txt`, "word\n");
    const pipe = folder.pipe("0-first");
    const tally = new Tally();
    await openNursery(async (nursery) => {
      // The only worker waits for the pipe; the walk runs ahead.
      nursery.startSoon(() => countFolder(folder.path, { ...usual, workers: 1 }, tally));
      while (tally.found < 6) await sleep(5);
      for (let i = 0; i < 3; i++) rmSync(join(folder.path, `${i}.txt`));
      await writeFile(pipe, "one\n");
    });
    expect(tally.total.files).toBe(3);
    expect(tally.leftOut).toMatchObject([{ why: "vanished", missed: false, files: 3 }]);
  });

  it("counts a file that grows or shrinks meanwhile, somehow", async () => {
    using folder = new TemporaryFolder();
    const path = folder.write("a.log", "word\n".repeat(100_000));
    const counted = count(folder);
    truncateSync(path, 10);
    expect((await counted).total.files).toBe(1);
  });
});
