import { finished, type Readable, type Writable } from "node:stream";

import { moveOnAfter } from "@espalier/cancel-scope";
import { parkAbroad, quietly, refusal } from "@espalier/core/lowlevel";

/** So long is a stream waited for that was destroyed; one that does not say that it is over is left to itself then. */
const releaseMs = 1000;

/**
 * Closes a Node stream: says goodbye first if there is something to say it with (`end()`: the last bytes, a FIN, a TLS
 * close_notify), for `graceMs` at most, then destroys it and waits until the runtime has let go of it. A cancellation cuts
 * the goodbye short; the stream is destroyed all the same.
 */
export function closeNodeStream(node: Readable | Writable, graceMs: number): Promise<void> {
  return quietly(async () => {
    try {
      const denied = refusal();
      if (denied !== undefined) await denied;
      if (graceMs > 0 && canEnd(node)) await moveOnAfter(graceMs, () => ended(node), { name: "goodbye" });
    } finally {
      if (!isSentMessage(node)) {
        node.destroy();
        await moveOnAfter(releaseMs, () => released(node), { shield: true, name: "release" });
      }
    }
    await refusal();
  });
}

/** An HTTP message that was sent whole: its connection is not its own, and the answer comes over it. */
function isSentMessage(node: Readable | Writable): boolean {
  return "setHeader" in node && (node as Writable).writableFinished;
}

/** Also when the end is under way already: whoever closes it a second time must not cut it short. */
function canEnd(node: Readable | Writable): node is Writable {
  if (!("writable" in node) || node.destroyed || node.writableFinished) return false;
  return node.writable || (node.writableEnded && (node.errored ?? undefined) === undefined);
}

/** Ends the writable side; an error is as good as an end, because the stream is being closed. */
function ended(node: Writable): Promise<void> {
  const wait = parkAbroad<void>("stream.aclose");
  if (!wait.pending) return wait.promise;
  const done = (): void => void wait.resume();
  node.once("error", done);
  node.once("close", done);
  node.end(done);
  return wait.promise;
}

function released(node: Readable | Writable): Promise<void> {
  const wait = parkAbroad<void>("stream.aclose");
  if (!wait.pending) return wait.promise;
  finished(node, () => wait.resume());
  return wait.promise;
}
