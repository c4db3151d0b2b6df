// The program of export-plain.ts, with a handler for Ctrl-C; stop 12 runs it.
import { setTimeout } from "node:timers/promises";
import { Table } from "./table.ts";

// #region main
async function main(file: string) {
  const table = await Table.open(file, setTimeout);
  process.once("SIGINT", async () => {
    await table.finish();
    process.exit(130);
  });
  while (true) await table.addRow();
}
// #endregion

await main(process.argv[2]!);
