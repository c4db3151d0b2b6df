import { eventually } from "@espalier/test-support";

/** How many native timers are armed in this process; the test runner's own among them. */
export function timers(): number {
  return process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
}

/** Waits until no more are armed than before; the runner's come and go, one that was forgotten stays. */
export function timersBackTo(before: number): Promise<void> {
  return eventually(() => timers() <= before);
}
