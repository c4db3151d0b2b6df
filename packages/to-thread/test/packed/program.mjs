// Run by scripts/check-packed.mjs in a project that has the packed package and nothing else of ours: the module that
// starts a thread has to be found there too.
import assert from "node:assert/strict";

import { moveOnAfter } from "@espalier/cancel-scope";
import { threadModule } from "@espalier/to-thread";

const work = threadModule(new URL("work.mjs", import.meta.url));
const heard = [];
assert.equal(await work.double(21, (number) => heard.push(number)), 42);
assert.deepEqual(heard, [21]);
assert.equal(await moveOnAfter(50, () => work.spin()), undefined);
assert.equal(await work.double(1, () => undefined), 2);
