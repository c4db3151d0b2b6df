// The service of reload-plain.ts in Espalier; stop 11 runs it.
import { withSignal } from "@espalier/cancel-scope";
import { run, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { openSignalReceiver } from "@espalier/signals";
import { once } from "node:events";
import { Service } from "./service.ts";

const service = new Service(process.argv[2]!, sleep);

// #region serve
async function serve(untilStopped: () => Promise<unknown>) {
  await openNursery(async (nursery) => {
    nursery.startSoon(async () => {
      using signals = openSignalReceiver("SIGHUP");
      console.log("serving");
      for await (const _ of signals) await service.reload();
    });
    await untilStopped();
    nursery.cancelScope.cancel();
  });
}
// #endregion

await run(async () => {
  await serve(() => withSignal((signal) => once(process.stdin.resume(), "end", { signal })));
  console.log("stopped");
  await sleep(500); // the program has other things to do
});
