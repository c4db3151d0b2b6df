import { openMemoryChannel } from "@espalier/channel";
import { checkChannel } from "@espalier/testing";
import { describe, it } from "vitest";

describe("checkChannel passes", () => {
  it.each([0, 1, 2, 8, Infinity])("the memory channel of capacity %d", async (capacity) => {
    await checkChannel(() => openMemoryChannel(capacity));
  });
});
