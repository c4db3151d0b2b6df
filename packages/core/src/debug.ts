import type { CancelReason } from "./cancel-reason.ts";
import type { CancelStatus } from "./cancel-status.ts";
import { type DebugNotes, notesOf } from "./debug-notes.ts";
import type { Observer } from "./instruments.ts";
import { noteSpawnSite } from "./spawn-sites.ts";
import { limitStacks } from "./stack-limit.ts";
import type { Task } from "./task.ts";

/*
 * Debug mode: `run(main, { debug: true })`, or ESPALIER_DEBUG=1 for everything. It records where tasks were spawned and
 * scopes cancelled, and since when they are there, and it reports the one thing that no library can do for plain
 * async/await: interrupt the await of a promise that is not ours.
 */

/** So long may a cancelled scope take, with nothing of ours parked in it, before it is reported. */
const patienceMs = 1000;

/** Keeps notes, looks after cancelled scopes, and passes everything on to the instruments. */
export class DebugObserver implements Observer {
  private readonly inner: Observer | undefined;

  constructor(inner: Observer | undefined) {
    this.inner = inner;
  }

  opened(status: CancelStatus): void {
    const notes: DebugNotes = { since: Date.now(), openedAt: callSite() };
    status.notes = notes;
    this.inner?.opened(status);
  }

  taskSpawned(task: Task): void {
    this.inner?.taskSpawned(task);
  }

  taskFailed(task: Task, error: unknown): void {
    const notes = notesOf(task.cancelStatus);
    if (notes !== undefined) noteSpawnSite(error, { task: task.name, stack: notes.openedAt });
  }

  taskExited(task: Task): void {
    this.inner?.taskExited(task);
  }

  withCancelSite(reason: CancelReason): CancelReason {
    return { ...reason, stack: callSite() };
  }

  passed(status: CancelStatus): void {
    noteCheckpoint(status, "one that did not have to wait");
  }

  parked(status: CancelStatus, label: string): void {
    noteCheckpoint(status, label);
    this.inner?.parked(status, label);
  }

  resumed(status: CancelStatus, label: string): void {
    this.inner?.resumed(status, label);
  }

  scopeCancelled(status: CancelStatus, reason: CancelReason): void {
    const look = setTimeout(() => {
      const entered = status.parent !== undefined; // a scope may be cancelled before it is entered, and never be
      if (entered && !status.closed && !waitsForOurs(status)) console.error(report(status, reason));
    }, patienceMs) as { unref?: () => void } | number;
    if (typeof look === "object") look.unref?.();
    this.inner?.scopeCancelled(status, reason);
  }
}

function noteCheckpoint(status: CancelStatus, label: string): void {
  for (let each: CancelStatus | undefined = status; each !== undefined; each = each.parent) {
    const notes = notesOf(each);
    if (notes !== undefined) notes.lastCheckpoint = label;
  }
}

/** Whether something in the subtree waits in an operation that will end by itself or by the cancellation. */
function waitsForOurs(top: CancelStatus): boolean {
  // A list of our own: scopes may be nested deeper than the call stack allows.
  const todo = [top];
  for (let status = todo.pop(); status !== undefined; status = todo.pop()) {
    const first = status.waiters;
    for (let each = first; each !== undefined; each = each.next === first ? undefined : each.next)
      if (each.label !== undefined && !each.shielded && !each.abroad) return true;
    const child = status.firstChild;
    for (let each = child; each !== undefined; each = each.next === child ? undefined : each.next)
      todo.push(each);
  }
  return false;
}

function report(status: CancelStatus, reason: CancelReason): string {
  const notes = notesOf(status);
  const last = notes?.lastCheckpoint;
  const sites = [
    notes === undefined ? "" : `\n  it was opened here:\n${notes.openedAt}`,
    reason.stack === undefined ? "" : `\n  it was cancelled here:\n${reason.stack}`,
  ];
  return (
    `espalier: the ${status.kind} "${status.name}" was cancelled ${patienceMs} ms ago and has not been left. Nothing in it ` +
    "waits in an operation of this library: it awaits a promise that nobody can interrupt, or computes. " +
    `The last checkpoint in it was ${last ?? "none at all"}. Remedies: give the foreign call a signal ` +
    "(currentSignal(), withSignal()), stop waiting for it (abandonOnCancel()), or add a checkpoint() to a long computation." +
    sites.join("")
  );
}

/** So many frames are looked through for one of the program's; the platform's limit of 10 may hold none. */
const deepestFrame = 30;

/** Where our packages stand side by side: `packages/` in their own repository; nothing where they have been bundled. */
const ourFolder: string | undefined = /* @__PURE__ */ folderOfPackages();

function folderOfPackages(): string | undefined {
  return /^(?:file:\/\/)?(.*\/)core\/(?:src|dist)\/[^/]*$/.exec(import.meta.url)?.[1];
}

/** The stack above the library and the platform, without the line of the error itself. */
function callSite(): string {
  const limit = limitStacks(deepestFrame);
  const lines = (new Error().stack ?? "").split("\n").slice(2);
  limitStacks(limit);
  const theProgram = lines.filter((line) => !isOurs(line) && !line.includes("(node:"));
  return (theProgram.length > 0 ? theProgram : lines).join("\n");
}

function isOurs(line: string): boolean {
  if (/[\\/]node_modules[\\/]@espalier[\\/]/.test(line)) return true;
  if (ourFolder === undefined) return false;
  const path = line.split(ourFolder)[1];
  return path !== undefined && /^[\w-]+\/(src|dist)\//.test(path);
}
