import { placeholder } from "@espalier/{{name}}";
import { Cancelled, run } from "@espalier/core";
import { currentStatus } from "@espalier/core/lowlevel";
import { attachProbe } from "@espalier/core/testing";
import { describe, expect, expectTypeOf, it } from "vitest";

describe("placeholder", () => {
  it("gives back what it was given", async () => {
    const value = await placeholder("a");
    expectTypeOf(value).toEqualTypeOf<string>();
    expect(value).toBe("a");
  });

  it("is a checkpoint", async () => {
    const seen: string[] = [];
    await run(async () => {
      attachProbe(currentStatus(), {
        cancelPoint: () => seen.push("cancel point"),
        schedulePoint: () => seen.push("schedule point"),
      });
      await placeholder("a");
    });
    expect(seen).toEqual(["cancel point", "schedule point"]);
  });

  it("raises in a cancelled scope", async () => {
    const main = run(() => {
      currentStatus().cancel({ source: "explicit", scope: "main" });
      return placeholder("a");
    });
    await expect(main).rejects.toBeInstanceOf(Cancelled);
  });
});
