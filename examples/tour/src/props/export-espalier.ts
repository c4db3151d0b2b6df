// The program of export-plain.ts in Espalier; stop 12 runs it.
import { shielded } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { runMain } from "@espalier/signals";
import { Table } from "./table.ts";

// #region main
async function main(file: string) {
  const table = await Table.open(file, sleep);
  try {
    while (true) await table.addRow();
  } finally {
    await shielded(() => table.finish(), { graceMs: 2000 });
  }
}
void runMain(() => main(process.argv[2]!));
// #endregion
