import { expect, it } from "vitest";

import * as signals from "@espalier/signals";

it("exports exactly its public names", () => {
  expect(Object.keys(signals).sort()).toEqual(["openSignalReceiver", "runMain"]);
});
