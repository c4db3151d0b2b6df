import type { CancelScope } from "@espalier/cancel-scope";
import type { Task as CoreTask, TaskStatus } from "@espalier/core";
import {
  flattenErrors,
  type Nursery,
  type NurseryError,
  openNursery,
  splitError,
  type Task,
  unwrapSingle,
} from "@espalier/nursery";
import { describe, expectTypeOf, it } from "vitest";

// Compiled, not called: what they give is the point.
const text = async (): Promise<string> => "text";
declare const nursery: Nursery;

describe("types", () => {
  it("openNursery gives what its body gives, or undefined", () => {
    expectTypeOf(() => openNursery(text)).returns.resolves.toEqualTypeOf<string | undefined>();
    expectTypeOf(() => openNursery(() => 1)).returns.resolves.toEqualTypeOf<number | undefined>();
    expectTypeOf(() => openNursery(() => undefined)).returns.resolves.toEqualTypeOf<undefined>();
    void (() => openNursery((given) => expectTypeOf(given).toEqualTypeOf<Nursery>()));
  });

  it("startSoon gives a handle of the body's value", () => {
    expectTypeOf(() => nursery.startSoon(text)).returns.toEqualTypeOf<Task<string>>();
    expectTypeOf(() => nursery.startSoon(() => 1)).returns.toEqualTypeOf<Task<number>>();
    expectTypeOf(() => nursery.startSoon(async () => undefined)).returns.toEqualTypeOf<Task<undefined>>();
  });

  it("start gives what started() was given", () => {
    expectTypeOf(() =>
      nursery.start(async (started: (port: number) => void) => {
        started(80);
      }),
    ).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() =>
      nursery.start<void>(async (started) => started()),
    ).returns.resolves.toEqualTypeOf<void>();
    expectTypeOf(() =>
      nursery.start(async (started: () => void) => started()),
    ).returns.resolves.toEqualTypeOf<void>();
    expectTypeOf(() =>
      nursery.start<string>(async (started) => started("ready")),
    ).returns.resolves.toBeString();
    // @ts-expect-error the value is required, unless it is void
    void (() => nursery.start<number>(async (started) => started()));
  });

  it("a handle has the value's type everywhere", () => {
    expectTypeOf<Task<string>["value"]>().toEqualTypeOf<string>();
    expectTypeOf<Task<string>["join"]>().returns.resolves.toEqualTypeOf<string>();
    expectTypeOf<Task["status"]>().toEqualTypeOf<TaskStatus>();
    expectTypeOf<TaskStatus>().toEqualTypeOf<"pending" | "running" | "succeeded" | "failed" | "cancelled">();
    expectTypeOf<Task<string>>().toExtend<Task>();
    expectTypeOf<CoreTask>().toHaveProperty("name");
  });

  it("a nursery is what DESIGN says", () => {
    expectTypeOf<Pick<Nursery, "cancelScope" | "tasks" | "name">>().toEqualTypeOf<{
      readonly cancelScope: CancelScope;
      readonly tasks: ReadonlySet<Task>;
      readonly name: string;
    }>();
  });

  it("errors are groups", () => {
    expectTypeOf<NurseryError>().toExtend<AggregateError>();
    expectTypeOf(splitError).returns.toEqualTypeOf<[matched: unknown, rest: unknown]>();
    expectTypeOf(flattenErrors).returns.toEqualTypeOf<unknown[]>();
    expectTypeOf(unwrapSingle).returns.toBeUnknown();
  });

  it("wrong calls do not compile", () => {
    // @ts-expect-error the function, not its result
    void (() => nursery.startSoon(text()));
    // @ts-expect-error a child takes no arguments: () => work(1)
    void (() => nursery.startSoon((n: number) => n));
    // @ts-expect-error an unknown option
    void (() => nursery.startSoon(text, { deamon: true }));
    expectTypeOf<Nursery["tasks"]>().not.toHaveProperty("clear"); // a snapshot to look at
  });
});
