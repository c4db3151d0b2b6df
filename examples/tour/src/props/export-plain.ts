// A program that exports a table until it is interrupted, in plain promises; stop 12 runs it.
import { setTimeout } from "node:timers/promises";
import { Table } from "./table.ts";

// #region main
async function main(file: string) {
  const table = await Table.open(file, setTimeout);
  try {
    while (true) await table.addRow();
  } finally {
    await table.finish();
  }
}
// #endregion

await main(process.argv[2]!);
