import { programBuild } from "../configs/tsup.ts";

export default programBuild({
  entry: [
    "src/main.ts",
    "src/cell.ts",
    "src/micro.ts",
    "src/echo-clients.ts",
    "src/allocation-cell.ts",
    "src/import-cell.ts",
    "src/empty.ts",
    "src/pools.ts",
    "src/pools/cell.ts",
    "src/pools/*-jobs.ts",
  ],
  // The pools find the programs of their threads beside their own files.
  external: [/^@espalier\//, "piscina", "tinypool"],
});
