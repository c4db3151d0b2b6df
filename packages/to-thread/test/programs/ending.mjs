// How a process with threads ends: node ending.mjs <what>
import { moveOnAfter } from "@espalier/cancel-scope";
import { CapacityLimiter } from "@espalier/sync";
import { threadModule, toThread } from "@espalier/to-thread";

const work = threadModule(new URL("../fixtures/work.mjs", import.meta.url));
const heavy = threadModule(new URL("../fixtures/heavy.mjs", import.meta.url));
const what = process.argv[2];

if (what === "idle") {
  console.log(await work.add(1, 2));
} else if (what === "awaited") {
  console.log(await heavy.compute(300));
} else if (what === "abandoned") {
  await work.add(1, 2); // the thread runs
  await moveOnAfter(200, () => toThread(heavy.computeForEver, [], { onCancel: "abandon" }));
  console.log("went on");
} else if (what === "behind") {
  const limiter = new CapacityLimiter(1);
  await toThread(work.add, [1, 2], { limiter }); // the thread runs
  const abandoned = moveOnAfter(100, () => toThread(heavy.compute, [500], { limiter, onCancel: "abandon" }));
  const ahead = toThread(work.add, [1, 2], { limiter });
  await abandoned;
  console.log(await ahead, await toThread(work.add, [2, 2], { limiter }));
} else if (what === "memory") {
  console.log(await heavy.fillMemory().catch((error) => `${error.name}: ${error.message}`));
  console.log(await work.add(1, 2));
}
