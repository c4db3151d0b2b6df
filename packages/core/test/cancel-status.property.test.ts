import { Cancelled, type CancelReason } from "@espalier/core";
import { type CancelStatus, enter, park, type Parked, reasonOf, runIn } from "@espalier/core/lowlevel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { open } from "./support/scope.ts";

/** A node of the model: what was done to it, and nothing derived that is kept up to date by hand. */
interface Model {
  readonly status: CancelStatus;
  readonly name: string;
  parent: Model | undefined;
  shielded: boolean;
  closed: boolean;
  own: CancelReason | undefined;
  /** What it was at the end of the last step. */
  cancelled: boolean;
  wasCancelled: boolean;
  /** The reason that reached it first while it is cancelled. */
  reason: CancelReason | undefined;
  readonly waits: Wait[];
}

interface Wait {
  readonly operation: Parked<void>;
  aborts: number;
  /** What it should be. */
  expected: "parked" | "aborted" | "refused" | "resumed";
}

type Step =
  | { readonly act: "open"; readonly at: number; readonly shield: boolean }
  | { readonly act: "cancel" | "shield" | "unshield" | "close" | "park" | "resume"; readonly at: number }
  | { readonly act: "move"; readonly at: number; readonly to: number };

const index = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant("open" as const), at: index, shield: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constantFrom("cancel" as const, "shield" as const, "unshield" as const, "close" as const),
      at: index,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constantFrom("park" as const, "resume" as const), at: index }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("move" as const), at: index, to: index }) },
);

/** The definition, word by word. */
function isEffective(node: Model): boolean {
  if (node.own !== undefined || node.closed) return true;
  return !node.shielded && node.parent !== undefined && isEffective(node.parent);
}

function isInside(node: Model | undefined, outer: Model): boolean {
  for (let each = node; each !== undefined; each = each.parent) if (each === outer) return true;
  return false;
}

class Tree {
  readonly nodes: Model[] = [];
  private counter = 0;

  constructor() {
    this.add(undefined, open({ name: "root" }), "root", false);
  }

  take(step: Step): void {
    const node = this.nodes[step.at % this.nodes.length]!;
    const { status } = node;
    switch (step.act) {
      case "open": {
        const name = `s${this.nodes.length}`;
        this.add(node, open({ parent: status, name, shield: step.shield }), name, step.shield);
        break;
      }
      case "cancel": {
        const reason: CancelReason = { source: "explicit", reason: this.counter++, scope: node.name };
        status.cancel(reason);
        if (!node.closed) node.own ??= reason;
        break;
      }
      case "shield":
      case "unshield":
        status.setShield(step.act === "shield");
        if (!node.closed) node.shielded = step.act === "shield";
        break;
      case "close":
        status.close();
        node.closed = true;
        break;
      case "move": {
        const target = this.nodes[step.to % this.nodes.length]!;
        if (node.parent === undefined || isInside(target, node)) return;
        status.move(target.status);
        if (!node.closed) node.parent = target;
        break;
      }
      case "park": {
        const wait: Wait = {
          operation: runIn(status, () => park<void>("test", () => wait.aborts++)),
          aborts: 0,
          expected: isEffective(node) ? "refused" : "parked",
        };
        wait.operation.promise.catch(() => undefined);
        node.waits.push(wait);
        break;
      }
      case "resume": {
        const wait = node.waits.find((each) => each.expected === "parked");
        if (wait === undefined) return;
        expect(wait.operation.resume()).toBe(true);
        wait.expected = "resumed";
        break;
      }
    }
    this.foresee();
  }

  /** Brings the model's own record of the last step up to date. */
  private foresee(): void {
    const depth = (node: Model): number => (node.parent === undefined ? 0 : 1 + depth(node.parent));
    for (const node of [...this.nodes].sort((a, b) => depth(a) - depth(b))) {
      const cancelled = isEffective(node);
      if (cancelled && !node.cancelled) {
        node.wasCancelled = true;
        node.reason = node.own ?? (node.closed ? scopeClosed(node) : node.parent!.reason);
        for (const wait of node.waits) if (wait.expected === "parked") wait.expected = "aborted";
      }
      if (!cancelled) node.reason = undefined;
      node.cancelled = cancelled;
    }
  }

  check(): void {
    for (const node of this.nodes) {
      const { status } = node;
      expect(status.cancelled, `${node.name}.cancelled`).toBe(node.cancelled);
      expect(status.wasCancelled, `${node.name}.wasCancelled`).toBe(node.wasCancelled);
      expect(status.shielded, `${node.name}.shielded`).toBe(node.shielded);
      expect(status.closed, `${node.name}.closed`).toBe(node.closed);
      expect(status.parent, `${node.name}.parent`).toBe(node.parent?.status ?? status.parent);
      if (node.cancelled) {
        expect(reasonOf(status), `${node.name}.reason`).toEqual(node.reason);
        expect(() => runIn(status, enter)).toThrow(Cancelled);
      } else {
        runIn(status, enter);
      }
      const visible = node.parent !== undefined && !node.shielded && isEffective(node.parent);
      expect(status.catches, `${node.name}.catches`).toBe(node.cancelled && !visible);
      for (const wait of node.waits) {
        expect(wait.operation.pending, `a wait in ${node.name}`).toBe(wait.expected === "parked");
        expect(wait.aborts, `aborts in ${node.name}`).toBe(wait.expected === "aborted" ? 1 : 0);
      }
      this.checkChildren(node);
    }
  }

  /** The open children, and only these, hang under a node. */
  private checkChildren(node: Model): void {
    const found: CancelStatus[] = [];
    const first = node.status.firstChild;
    for (let child = first; child !== undefined; child = child.next === first ? undefined : child.next) {
      expect(child.next.prev).toBe(child);
      found.push(child);
    }
    const expected = this.nodes
      .filter((each) => each.parent === node && !each.closed)
      .map((each) => each.status);
    expect(new Set(found)).toEqual(new Set(expected));
    expect(found).toHaveLength(expected.length);
  }

  private add(parent: Model | undefined, status: CancelStatus, name: string, shielded: boolean): void {
    const node: Model = {
      status,
      name,
      parent,
      shielded,
      closed: false,
      own: undefined,
      cancelled: false,
      wasCancelled: false,
      reason: undefined,
      waits: [],
    };
    this.nodes.push(node);
  }
}

function scopeClosed(node: Model): CancelReason {
  return { source: "scope-closed", scope: node.name };
}

describe("the tree of cancel statuses", () => {
  it("agrees with the definition of effective cancellation after any series of events", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const tree = new Tree();
        for (const each of steps) {
          tree.take(each);
          tree.check();
        }
      }),
      { numRuns: 1000 },
    );
  });
});
