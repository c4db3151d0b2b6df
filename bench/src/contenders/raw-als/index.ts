import { AsyncLocalStorage } from "node:async_hooks";
import type { Contender } from "../../workloads/index.ts";
import { rawContender } from "../raw/index.ts";

const context = new AsyncLocalStorage<object>();

/** The same code as `raw`, with a context for each task and scope: the least that a library with ambient scopes can cost. */
export const rawAls: Contender = rawContender((body) => context.run({}, body));
