import { packageBuild } from "../../configs/tsup.ts";

// Beside the doors: the program that each thread begins with. Nobody imports it; a `Worker` is given its address.
export default packageBuild({ entry: ["src/index.ts", "src/worker.ts", "src/thread-program.ts"] });
