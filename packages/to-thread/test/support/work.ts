import { threadModule } from "@espalier/to-thread";

const address = new URL("../fixtures/work.mjs", import.meta.url);

/** The functions that the tests run in threads. */
export const work = threadModule<typeof import("../fixtures/work.mjs")>(address);
