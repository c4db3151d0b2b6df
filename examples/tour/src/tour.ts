import { run } from "@espalier/core";
import { inspect } from "node:util";
import { excerpt } from "./excerpt.ts";
import { type Screen, seconds } from "./screen.ts";
import { sourceOf } from "./sources.ts";
import { type Log, numberOf, type Part, type Stop } from "./stop.ts";
import { settlesWithin } from "./watch.ts";

/** How a walk went. */
export interface Walk {
  /** The stops at which Espalier did not do what is claimed. */
  readonly refuted: readonly Stop[];
  /** Whether something was left behind that may never end. */
  readonly stuck: boolean;
}

/**
 * Walks through stops, one after the other, and shows what is observed. A part that has not ended after `limitMs`
 * milliseconds is broken; none takes a third of the default.
 */
export async function walkThrough(stops: readonly Stop[], screen: Screen, limitMs = 30_000): Promise<Walk> {
  const start = performance.now();
  screen.blank();
  screen.paragraph(
    "Each stop makes a claim, and runs two programs that put it to the test: one in plain promises, one in Espalier. The " +
      "code shown is the code that runs, and what follows it was observed just now.",
  );
  screen.blank();
  const results: Result[] = [];
  for (const stop of stops) results.push(await visit(stop, screen, limitMs));
  summarise(results, performance.now() - start, screen);
  return {
    refuted: results.filter(({ espalier }) => !espalier).map(({ stop }) => stop),
    stuck: results.some(({ stuck }) => stuck),
  };
}

/** Whether each world did what the stop claims. */
interface Result {
  readonly stop: Stop;
  readonly plain: boolean;
  readonly espalier: boolean;
  readonly stuck: boolean;
}

async function visit(stop: Stop, screen: Screen, limitMs: number): Promise<Result> {
  screen.rule();
  screen.title(numberOf(stop), stop.title);
  screen.blank();
  screen.paragraph(stop.claim);
  const good = { plain: true, espalier: true };
  let stuck = false;
  for (const part of stop.parts) {
    screen.blank();
    const name = part.world === "plain" ? "In plain promises" : "In Espalier";
    screen.heading(part.caption === undefined ? name : `${name}, ${part.caption}`);
    screen.blank();
    screen.code(excerpt(sourceOf(part.from ?? stop.file), part.code));
    screen.blank();
    const outcome = await observe(part, screen, limitMs);
    for (const objection of outcome.objections) screen.verdict(false, objection);
    if (outcome.objections.length === 0) screen.verdict(true, "As claimed.");
    else good[part.world] = false;
    stuck ||= outcome.stuck;
  }
  screen.blank();
  return { stop, ...good, stuck };
}

async function observe(
  part: Part,
  screen: Screen,
  limitMs: number,
): Promise<{ objections: string[]; stuck: boolean }> {
  const notes = new Notes(screen);
  const { log } = notes;
  const running = part.world === "plain" ? part.run(log) : run(() => part.run(log), { name: part.code });
  try {
    if (!(await settlesWithin(limitMs, running)))
      return { objections: [`It has not ended after ${seconds(limitMs)}.`], stuck: true };
    return { objections: await running, stuck: false };
    // eslint-disable-next-line espalier/no-swallowed-cancelled -- outside of every task: nobody cancels the tour
  } catch (error) {
    return { objections: [`It failed: ${inspect(error)}`], stuck: false };
  } finally {
    notes.close();
  }
}

/** What is written down while a part runs: it appears on the screen at once, with its time. */
class Notes {
  readonly log: Log;
  #closed = false;

  constructor(screen: Screen) {
    const start = performance.now();
    const firsts = new Map<string, number>();
    const note = (what: unknown): number => {
      const ms = performance.now() - start;
      const text = String(what);
      // What a part lost hold of may still speak up when the next one is on stage.
      if (this.#closed) return ms;
      if (!firsts.has(text)) firsts.set(text, ms);
      screen.event(ms, text);
      return ms;
    };
    this.log = Object.assign(note, { at: (what: string) => firsts.get(what) });
  }

  close(): void {
    this.#closed = true;
  }
}

function summarise(results: readonly Result[], ms: number, screen: Screen): void {
  const sign = (good: boolean): string => (good ? "✓" : "✗");
  screen.rule();
  screen.row(
    "",
    `${results.length === 1 ? "1 stop" : `${results.length} stops`}, ${seconds(ms)}`,
    "plain",
    "Espalier",
  );
  for (const { stop, plain, espalier } of results)
    screen.row(String(numberOf(stop)), stop.title, sign(plain), sign(espalier));
  screen.blank();
  for (const { stop, espalier } of results) {
    if (!espalier) screen.verdict(false, `Stop ${numberOf(stop)}: Espalier did not do what is claimed.`);
  }
}
