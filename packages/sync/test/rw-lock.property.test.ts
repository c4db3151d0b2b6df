import { WouldBlock } from "@espalier/core";
import { type Guard, RwLock } from "@espalier/sync";
import fc from "fast-check";
import { expect, it } from "vitest";

import { Caller, pickFrom, programs, settleAndCompare } from "./support/model.ts";

/** A caller of the lock, with what it wants. */
class Visitor extends Caller<Guard> {
  readonly access: "read" | "write";
  constructor(access: "read" | "write", standing: Caller<Guard>["standing"], acquire: () => Promise<Guard>) {
    super(standing, acquire);
    this.access = access;
  }
}

/** The naive model: one after the other, in order of arrival, as long as the next one may be in beside those who are. */
class Model {
  readonly visitors: Visitor[] = [];

  with(standing: Visitor["standing"], access?: Visitor["access"]): Visitor[] {
    return this.visitors.filter(
      (each) => each.standing === standing && (access === undefined || each.access === access),
    );
  }

  mayEnter(access: Visitor["access"]): boolean {
    return this.with("in", "write").length === 0 && (access === "read" || this.with("in").length === 0);
  }

  serve(): void {
    for (const each of this.with("waiting")) {
      if (!this.mayEnter(each.access)) return;
      each.standing = "in";
    }
  }

  get statistics(): object {
    return {
      activeReaders: this.with("in", "read").length,
      activeWriters: this.with("in", "write").length,
      tasksWaitingRead: this.with("waiting", "read").length,
      tasksWaitingWrite: this.with("waiting", "write").length,
    };
  }
}

const program = programs({
  read: 6,
  write: 3,
  readNowait: 1,
  writeNowait: 1,
  release: 6,
  releaseAgain: 1,
  cancel: 3,
  settle: 3,
});

it("a reader-writer lock behaves like its model: never a writer beside anybody, first come, first served", async () => {
  await fc.assert(
    fc.asyncProperty(program, async (steps) => {
      const lock = new RwLock();
      const model = new Model();
      const check = (): void => {
        lock.assertInvariants();
        const seen = lock.statistics();
        expect(seen).toEqual(model.statistics);
        if (seen.activeWriters > 0) expect([seen.activeWriters, seen.activeReaders]).toEqual([1, 0]);
      };
      const release = async (pick: number): Promise<void> => {
        await settleAndCompare(model.visitors);
        const visitor = pickFrom(model.with("in"), pick);
        if (visitor === undefined) return;
        visitor.standing = "out";
        visitor.flow.value?.release();
        model.serve();
      };
      for (const { kind, pick } of steps) {
        switch (kind) {
          case "read":
          case "write":
            model.visitors.push(new Visitor(kind, "waiting", () => lock[kind]()));
            model.serve();
            break;
          case "readNowait":
          case "writeNowait": {
            const access = kind === "readNowait" ? "read" : "write";
            if (model.with("waiting").length === 0 && model.mayEnter(access)) {
              const guard = lock[kind]();
              model.visitors.push(new Visitor(access, "in", async () => guard));
            } else expect(() => lock[kind]()).toThrow(WouldBlock);
            break;
          }
          case "release":
            await release(pick);
            break;
          case "releaseAgain":
            pickFrom(model.with("out"), pick)?.flow.value?.[Symbol.dispose]();
            break;
          case "cancel": {
            const visitor = pickFrom([...model.with("waiting"), ...model.with("in")], pick);
            visitor?.flow.cancel();
            if (visitor?.standing === "waiting") visitor.standing = "cancelled";
            model.serve();
            break;
          }
          case "settle":
            await settleAndCompare(model.visitors);
        }
        check();
      }
      // Nobody starves: as those who are in leave, everybody who has not given up gets in.
      while (model.with("in").length > 0) {
        await release(0);
        check();
      }
      expect(model.with("waiting")).toEqual([]);
    }),
  );
});
