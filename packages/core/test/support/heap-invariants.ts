import type { Deadline, Deadlines } from "@espalier/core/testing";

/** What deadline-heap.ts keeps. */
export interface HeapFields {
  readonly entries: Deadline[];
  readonly times: number[];
  readonly abandoned: number;
}

/** The fields of the heap inside. */
export function heapOf(deadlines: Deadlines): HeapFields {
  return (deadlines as unknown as { heap: HeapFields }).heap;
}

/** Throws if the heap is none, or counts wrongly. Here and not in the class, of which it would be a third. */
export function assertHeapInvariants(deadlines: Deadlines): void {
  const { entries, times, abandoned } = heapOf(deadlines);
  if (times.length !== entries.length) throw new Error("the arrays differ in length");
  entries.forEach((entry, i) => {
    if (entry.time !== times[i]) throw new Error(`the entry at ${i} has another time than its place`);
    const above = entries[(i - 1) >> 2];
    if (above !== undefined && (entry.time - above.time || entry.order - above.order) < 0)
      throw new Error(`place ${i} is before the one above it`);
  });
  const gone = entries.filter((entry) => !entry.queued).length;
  if (gone !== abandoned) throw new Error(`${gone} abandoned places, counted ${abandoned}`);
}
