import { run } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";

/** Runs `main` on a clock that starts at 0 and jumps to the next deadline whenever everything waits. */
export function virtually<T>(main: (clock: MockClock) => Promise<T> | T): Promise<T> {
  const clock = new MockClock({ autojumpThresholdMs: 0 });
  return run(() => main(clock), { clock });
}
