import { formatTaskTree, run, sleep, sleepForever, taskTree, type TaskTreeNode } from "@espalier/core";
import { ambient, CancelStatus, currentStatus, park, runIn, whenCancelled } from "@espalier/core/lowlevel";
import { turns } from "@espalier/test-support";
import { afterEach, describe, expect, it, vi } from "vitest";

import { cancel, open, scope } from "./support/scope.ts";
import { spawn, TestTask } from "./support/task.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** The tree of the run of this name. */
function treeOf(name: string): TaskTreeNode {
  return taskTree().find((node) => node.kind === "run" && node.name === name)!;
}

describe("taskTree", () => {
  it("is the live tree as plain data: runs, tasks, nurseries, scopes, and what they wait for", async () => {
    const tree = await run(
      async () => {
        const nursery = new CancelStatus("nursery", "workers", ambient, false).bind(currentStatus());
        const waiting = spawn(() => scope(() => sleep(60_000), { name: "limit" }), "waiting", nursery);
        const pending = new TestTask("pending", nursery);
        const cancelled = spawn(
          () => runIn(open({ name: "inner" }), () => new Promise(() => undefined)),
          "stuck",
          nursery,
        );
        await turns(1);
        cancelled.cancel();
        const taken = treeOf("program");
        expect(structuredClone(taken)).toEqual(taken);
        waiting.cancel();
        expect(pending.status).toBe("pending");
        nursery.close();
        return taken;
      },
      { name: "program" },
    );
    expect(tree).toEqual({
      kind: "run",
      name: "program",
      status: "open",
      children: [
        {
          kind: "task",
          name: "program",
          status: "running",
          children: [
            {
              kind: "nursery",
              name: "workers",
              status: "open",
              children: [
                {
                  kind: "task",
                  name: "waiting",
                  status: "running",
                  children: [
                    { kind: "scope", name: "limit", status: "open", waitingFor: "sleep", children: [] },
                  ],
                },
                { kind: "task", name: "pending", status: "pending", children: [] },
                {
                  kind: "task",
                  name: "stuck",
                  status: "running",
                  children: [{ kind: "scope", name: "inner", status: "cancelled", children: [] }],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it("joins the labels of what waits in one place, oldest first, and leaves hooks out", async () => {
    await run(
      async () => {
        whenCancelled(currentStatus(), () => undefined);
        const flows = [sleep(60_000), park("channel.receive").promise, sleepForever(), sleep(60_000)];
        for (const flow of flows) flow.catch(() => undefined);
        expect(treeOf("program").children[0]).toMatchObject({
          waitingFor: "sleep, channel.receive, sleepForever, sleep",
        });
      },
      { name: "program" },
    );
  });

  it("shows no wait that has ended, however it did", async () => {
    const status = open({ name: "waits" });
    const [resumed, failed, stays] = [1, 2, 3].map((i) => runIn(status, () => park<void>(`wait ${i}`)));
    resumed!.resume();
    failed!.fail(new Error("x"));
    await Promise.allSettled([resumed!.promise, failed!.promise]);
    expect(taskTree().find((node) => node.name === "waits")?.waitingFor).toBe("wait 3");
    stays!.resume();
    expect(taskTree().find((node) => node.name === "waits")).not.toHaveProperty("waitingFor");
    status.close();
  });

  it("shows what runs outside of any run, behind the runs", async () => {
    const outside = open({ name: "outside" });
    await run(
      () => {
        const names = taskTree().map((node) => `${node.kind} ${node.name}`);
        expect(names.indexOf("run program")).toBeGreaterThanOrEqual(0);
        expect(names.indexOf("scope outside")).toBeGreaterThan(names.indexOf("run program"));
      },
      { name: "program" },
    );
    outside.close();
    expect(taskTree().some((node) => node.name === "outside")).toBe(false);
  });

  it("is a snapshot", async () => {
    const status = open({ name: "snapshot" });
    const node = taskTree().find((each) => each.name === "snapshot");
    cancel(status);
    expect(node?.status).toBe("open");
    status.close();
  });

  it("children come in order of birth", () => {
    const parent = open({ name: "parent" });
    const children = ["a", "b", "c", "d"].map((name) => open({ parent, name }));
    children[1]!.close();
    const names = (): string[] =>
      taskTree()
        .find((node) => node.name === "parent")!
        .children.map((node) => node.name);
    expect(names()).toEqual(["a", "c", "d"]);
    open({ parent, name: "e" });
    children[0]!.close();
    expect(names()).toEqual(["c", "d", "e"]);
    parent.close();
  });

  it("needs no stack as deep as the tree", () => {
    const top = open({ name: "top" });
    let bottom = top;
    for (let i = 0; i < 50_000; i++) bottom = open({ parent: bottom, name: "" });
    let depth = 0;
    const find = (): TaskTreeNode | undefined => taskTree().find((node) => node.name === "top");
    for (let node = find(); node !== undefined; node = node.children[0]) depth++;
    expect(depth).toBe(50_001);
    expect(() => formatTaskTree()).not.toThrow();
    expect(formatTaskTree().length).toBeLessThan(1_000_000);
    top.close();
  });
});

describe("formatTaskTree", () => {
  const leaf = (name: string, more: Partial<TaskTreeNode> = {}): TaskTreeNode => ({
    kind: "task",
    name,
    status: "running",
    children: [],
    ...more,
  });

  it("draws one line a node", () => {
    const tree: TaskTreeNode[] = [
      {
        kind: "run",
        name: "main",
        status: "open",
        children: [
          leaf("main", {
            waitingFor: "nursery exit",
            children: [
              {
                kind: "nursery",
                name: "workers",
                status: "cancelled",
                children: [
                  leaf("a", { waitingFor: "sleep, join", children: [leaf("a.1")] }),
                  leaf("b", { status: "pending" }),
                ],
              },
            ],
          }),
          leaf("background"),
        ],
      },
      leaf("outside"),
    ];
    expect(formatTaskTree(tree)).toBe(
      [
        'run "main": open',
        '├─ task "main": running, waiting for nursery exit',
        '│  └─ nursery "workers": cancelled',
        '│     ├─ task "a": running, waiting for sleep, join',
        '│     │  └─ task "a.1": running',
        '│     └─ task "b": pending',
        '└─ task "background": running',
        'task "outside": running',
      ].join("\n"),
    );
  });

  it("says how long a node is there, where that is known", () => {
    vi.useFakeTimers();
    vi.setSystemTime(10_000);
    expect(formatTaskTree([leaf("a", { since: 7_500, waitingFor: "sleep" })])).toBe(
      'task "a": running, waiting for sleep, for 2500 ms',
    );
  });

  it("draws the live tree by default; nothing is an empty string", () => {
    const status = open({ name: "live" });
    expect(formatTaskTree()).toContain('scope "live": open');
    status.close();
    expect(formatTaskTree([])).toBe("");
  });
});
