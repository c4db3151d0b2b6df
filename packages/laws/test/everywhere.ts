import { cancelEverywhere } from "@espalier/testing";
import { describe, expect, it } from "vitest";

/** A program that is made anew for each run of it. */
export interface Program {
  main(): Promise<unknown>;
  /** Whether all is as it was, after a run that was cancelled somewhere. */
  check?(): void;
  /**
   * For a program that may return although something in it was cancelled: a value that is there already beats the
   * cancellation (law 6).
   */
  readonly mayEnd?: true;
}

/** Cancels each program at every checkpoint in turn, on entry and while it waits. */
export function allCancelledEverywhere(programs: Readonly<Record<string, () => Program>>): void {
  describe("cancelled at every checkpoint in turn", () => {
    it.each(Object.entries(programs))("%s: nothing is left behind", async (_name, make) => {
      let program: Program | undefined;
      const report = await cancelEverywhere(
        () => {
          const made = make();
          program = made;
          return () => made.main();
        },
        { check: () => program?.check?.(), allowCompletion: make().mayEnd === true },
      );
      expect(report.complete).toBe(true);
      expect(report.checkpoints).toBeGreaterThanOrEqual(5);
    });
  });
}
