import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { RingBuffer } from "../../src/ring-buffer.ts";

describe("RingBuffer", () => {
  it("is first in, first out, as an array would be", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(), fc.constantFrom("shift" as const, "clear" as const))),
        (steps) => {
          const buffer = new RingBuffer<number>();
          const model: number[] = [];
          for (const step of steps) {
            if (step === "clear") {
              buffer.clear();
              model.length = 0;
            } else if (step !== "shift") {
              buffer.push(step);
              model.push(step);
            } else if (model.length > 0) expect(buffer.shift()).toBe(model.shift());
            expect(buffer.length).toBe(model.length);
          }
          while (model.length > 0) expect(buffer.shift()).toBe(model.shift());
        },
      ),
    );
  });

  it("keeps the order while it grows with its head in the middle", () => {
    const buffer = new RingBuffer<number>();
    for (let i = 0; i < 3; i++) buffer.push(i);
    expect(buffer.shift()).toBe(0);
    for (let i = 3; i < 5000; i++) buffer.push(i);
    for (let i = 1; i < 5000; i++) expect(buffer.shift()).toBe(i);
    expect(buffer.length).toBe(0);
  });
});
