import { cancelEverywhere } from "@espalier/testing";
import fc from "fast-check";
import { expect, it } from "vitest";

import { randomProgram } from "./support/random-program.ts";

it("cancelEverywhere finds nothing wrong with random programs made of scopes, nurseries and channels", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1e6 }),
      fc.oneof(fc.constant(undefined), fc.integer()),
      async (program, seed) => {
        const report = await cancelEverywhere(() => randomProgram(program), {
          maxCheckpoints: 60,
          ...(seed !== undefined && { seed }),
        });
        expect(report.checkpoints).toBeGreaterThan(10);
      },
    ),
    { numRuns: 8 },
  );
});
