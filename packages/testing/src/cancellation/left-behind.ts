import { formatTaskTree, taskTree, type TaskTreeNode } from "@espalier/core";
import type { CancelStatus } from "@espalier/core/lowlevel";

/**
 * What is still open inside a scope whose body has ended: tasks, nurseries and scopes, operations that wait. Drawn as a
 * tree; `undefined` if there is nothing.
 */
export function leftBehind(status: CancelStatus): string | undefined {
  if (status.firstChild === undefined && !hasWaits(status)) return undefined;
  const node = find(taskTree(), status.name);
  return node === undefined ? undefined : formatTaskTree([node]);
}

/** Hooks are waiters too, but nobody waits in them: they have no label. */
function hasWaits(status: CancelStatus): boolean {
  const first = status.waiters;
  for (let each = first; each !== undefined; each = each.next === first ? undefined : each.next)
    if (each.label !== undefined) return true;
  return false;
}

function find(nodes: readonly TaskTreeNode[], name: string): TaskTreeNode | undefined {
  for (const node of nodes) {
    const found = node.kind === "scope" && node.name === name ? node : find(node.children, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
