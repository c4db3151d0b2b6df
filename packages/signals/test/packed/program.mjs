// Run by scripts/check-packed.mjs in a project that has the packed package and nothing else of ours.
import assert from "node:assert/strict";

import { sleep } from "@espalier/core";
import { openSignalReceiver, runMain } from "@espalier/signals";

await runMain(async () => {
  const signals = openSignalReceiver("SIGHUP");
  try {
    process.kill(process.pid, "SIGHUP");
    for await (const signal of signals) {
      assert.equal(signal, "SIGHUP");
      break;
    }
  } finally {
    signals[Symbol.dispose]();
  }
  await sleep(1);
});
