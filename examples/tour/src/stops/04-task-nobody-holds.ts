import { withSignal } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { flattenErrors, openNursery } from "@espalier/nursery";
import { EventEmitter, once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { collectGarbage } from "../props/collect-garbage.ts";
import { Shop } from "../props/shop.ts";
import type { Log, Stop } from "../stop.ts";

export const taskNobodyHolds: Stop = {
  file: "04-task-nobody-holds",
  title: "The task that nobody holds",
  claim:
    "A promise belongs to nobody: it goes on when its siblings have failed, its error can get lost, and the garbage " +
    "collector may take it with its cleanup undone. A task of Espalier belongs to a nursery, which holds it, ends it when a " +
    "sibling fails, waits for it, and passes on every error.",
  parts: [
    {
      world: "plain",
      code: "plain-checkout",
      run: checkoutInPlainPromises,
    },
    {
      world: "espalier",
      code: "espalier-checkout",
      run: checkoutInEspalier,
    },
    {
      world: "plain",
      caption: "a task that waits when the garbage collector comes",
      code: "plain-wait",
      run: waitInPlainPromises,
    },
    {
      world: "espalier",
      caption: "the same",
      code: "espalier-wait",
      run: waitInEspalier,
    },
  ],
};

async function checkoutInPlainPromises(log: Log): Promise<string[]> {
  const shop = new Shop(log, setTimeout);
  // #region plain-checkout
  async function checkout() {
    void shop.writeAuditLog(); // forgotten
    await Promise.all([
      shop.chargeCard(),
      shop.printLabel(),
      shop.reserveGoods(),
    ]);
  }
  // #endregion
  const unhandled: string[] = [];
  const onUnhandled = (error: unknown): void => {
    unhandled.push(messageOf(error));
    log(`unhandled: ${messageOf(error)}`);
  };
  process.on("unhandledRejection", onUnhandled);
  try {
    const objections = await objectionsTo(checkout, shop, log);
    for (const message of unhandled) {
      objections.push(
        `"${message}" was an unhandled rejection: it ends a process that does not expect it.`,
      );
    }
    return objections;
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
}

async function checkoutInEspalier(log: Log): Promise<string[]> {
  const shop = new Shop(log, sleep);
  // #region espalier-checkout
  async function checkout() {
    await openNursery(async (nursery) => {
      nursery.startSoon(shop.writeAuditLog);
      nursery.startSoon(shop.chargeCard);
      nursery.startSoon(shop.printLabel);
      nursery.startSoon(shop.reserveGoods);
    });
  }
  // #endregion
  return objectionsTo(checkout, shop, log);
}

/** Runs a checkout, and looks at what happens when it has ended. */
async function objectionsTo(
  checkout: () => Promise<void>,
  shop: Shop,
  log: Log,
): Promise<string[]> {
  let reported: string[] = [];
  try {
    await checkout();
  } catch (error) {
    reported = flattenErrors(error).map(messageOf);
  }
  const end = log(
    `checkout has ended, its caller is told: ${reported.join("; ")}`,
  );
  await setTimeout(400);
  const objections: string[] = [];
  const late = log.at("goods reserved");
  if (late !== undefined && late > end)
    objections.push(
      "Goods were reserved for an order that had failed.",
    );
  for (const message of shop.raised) {
    if (!reported.includes(message))
      objections.push(`The caller never heard that ${message}.`);
  }
  return objections;
}

async function waitInPlainPromises(log: Log): Promise<string[]> {
  // #region plain-wait
  async function waitForReply() {
    const connection = new EventEmitter();
    try {
      await once(connection, "reply");
    } finally {
      log("cleaned up");
    }
  }
  const task = new WeakRef(waitForReply());
  await collectGarbage();
  // #endregion
  const lives = task.deref() !== undefined;
  log(lives ? "the task still waits" : "the task is gone");
  return lives || log.at("cleaned up") !== undefined
    ? []
    : ["The garbage collector took the task; its finally never ran."];
}

async function waitInEspalier(log: Log): Promise<string[]> {
  // #region espalier-wait
  async function waitForReply() {
    const connection = new EventEmitter();
    try {
      await withSignal((signal) =>
        once(connection, "reply", { signal }),
      );
    } finally {
      log("cleaned up");
    }
  }
  await openNursery(async (nursery) => {
    nursery.startSoon(waitForReply);
    await collectGarbage();
    log(`${nursery.tasks.size} task still waits`);
    nursery.cancelScope.cancel();
  });
  // #endregion
  log("the nursery was left");
  return log.at("1 task still waits") !== undefined &&
    log.at("cleaned up") !== undefined
    ? []
    : ["The task did not wait, or did not clean up."];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
