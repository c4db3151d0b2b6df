import { unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

// Most tests expect of it that it found nothing; this one, that it would have.
describe("unhandledDuring", () => {
  it("finds the rejections that nobody looked at, also those of the end", async () => {
    const errors = [new Error("early"), new Error("late")];
    const seen = await unhandledDuring(async () => {
      void Promise.reject(errors[0] as Error);
      await Promise.reject(new Error("handled")).catch(() => undefined);
      setImmediate(() => void Promise.reject(errors[1] as Error));
    });
    expect(seen).toEqual(errors);
  });

  it("gives the listeners back, whatever the body does", async () => {
    const before = process.listeners("unhandledRejection");
    await expect(unhandledDuring(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(process.listeners("unhandledRejection")).toEqual(before);
  });
});
