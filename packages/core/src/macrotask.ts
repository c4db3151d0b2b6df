/**
 * One turn of the event loop later: after timers and I/O had their chance. `setImmediate` where it exists (Node, Bun,
 * Deno); elsewhere a message to ourselves, because nested `setTimeout(0)` is clamped to 4 ms in browsers.
 */
export const macrotask: (callback: () => void) => void =
  typeof setImmediate === "function" ? (callback) => void setImmediate(callback) : viaMessage;

const waiting: (() => void)[] = [];
let port: { postMessage(message: null): void } | undefined;

function viaMessage(callback: () => void): void {
  if (port === undefined) {
    const channel = new MessageChannel();
    channel.port1.addEventListener("message", () => waiting.shift()?.());
    channel.port1.start();
    port = channel.port2;
  }
  waiting.push(callback);
  port.postMessage(null);
}
