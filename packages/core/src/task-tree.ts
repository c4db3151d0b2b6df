import type { CancelStatus, StatusKind } from "./cancel-status.ts";
import { notesOf } from "./debug-notes.ts";
import { ambient, liveRuntimes } from "./runtime.ts";
import type { TaskStatus } from "./task.ts";

/** One line of the live tree. Plain data: a snapshot that can be logged, compared or sent elsewhere. */
export interface TaskTreeNode {
  readonly kind: StatusKind;
  readonly name: string;
  /** Of a task, where it stands; of anything else, whether its checkpoints raise. */
  readonly status: TaskStatus | "open" | "cancelled";
  /** The operations that wait right here, as `"channel.receive"`; several are joined by `", "`. */
  readonly waitingFor?: string;
  /** When it was opened, as `Date.now()`; only in debug mode. */
  readonly since?: number;
  readonly children: readonly TaskTreeNode[];
}

/** The live tree of everything that runs: each run, then what was started outside of any. */
export function taskTree(): TaskTreeNode[] {
  const runs = [...liveRuntimes].map((runtime) => describe(runtime.root));
  return [...runs, ...describe(ambient.root).children];
}

/** Draws a tree, one line a node; by default the live one. */
export function formatTaskTree(tree: readonly TaskTreeNode[] = taskTree()): string {
  const lines: string[] = [];
  for (const node of tree) {
    lines.push(title(node));
    draw(node.children, "", 1, lines);
  }
  return lines.join("\n");
}

/** The part of the tree at and below one status. */
export function describe(status: CancelStatus): TaskTreeNode {
  // A stack of our own: scopes may be nested deeper than the call stack allows.
  const top = draft(status);
  const todo: [CancelStatus, Draft][] = [[status, top]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [parent, node] = next;
    for (const child of ring(parent.firstChild)) {
      const childNode = draft(child);
      node.children.push(childNode);
      todo.push([child, childNode]);
    }
  }
  return top;
}

interface Draft extends TaskTreeNode {
  readonly children: Draft[];
}

function draft(status: CancelStatus): Draft {
  const labels = [...ring(status.waiters)]
    .map((waiter) => waiter.label)
    .filter((label) => label !== undefined);
  const since = notesOf(status)?.since;
  return {
    kind: status.kind,
    name: status.name,
    status:
      status.kind === "task" && status.task !== undefined
        ? status.task.status
        : status.cancelled
          ? "cancelled"
          : "open",
    ...(labels.length > 0 && { waitingFor: labels.join(", ") }),
    ...(since !== undefined && { since }),
    children: [],
  };
}

function* ring<T extends { readonly next: T }>(first: T | undefined): Generator<T> {
  for (let each = first; each !== undefined; each = each.next === first ? undefined : each.next) yield each;
}

/** Deeper than this nobody reads, and the margins would cost the square of the depth. */
const deepest = 100;

function draw(nodes: readonly TaskTreeNode[], margin: string, depth: number, lines: string[]): void {
  if (depth === deepest && nodes.length > 0) {
    lines.push(`${margin}└─ ... and more below`);
    return;
  }
  nodes.forEach((node, i) => {
    const last = i === nodes.length - 1;
    lines.push(`${margin}${last ? "└─ " : "├─ "}${title(node)}`);
    draw(node.children, margin + (last ? "   " : "│  "), depth + 1, lines);
  });
}

function title(node: TaskTreeNode): string {
  const waiting = node.waitingFor === undefined ? "" : `, waiting for ${node.waitingFor}`;
  const since = node.since === undefined ? "" : `, for ${Date.now() - node.since} ms`;
  return `${node.kind} "${node.name}": ${node.status}${waiting}${since}`;
}
