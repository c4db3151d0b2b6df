import { programBuild } from "../../configs/tsup.ts";

// The module with the work is loaded by threads, by its address: a file of its own.
export default programBuild({ entry: ["src/main.ts", "src/hashing.ts"] });
