import { createServer, connect, type AddressInfo } from "node:net";
import type { Companion } from "./workload.ts";

/*
 * Whether others get their turn: a timer of 1 ms and a TCP echo on loopback measure how late they are while the job
 * keeps the thread busy.
 */

/** Starts both; `stop` gives their delays in milliseconds. */
export async function watchLoopDelay(): Promise<Companion> {
  const timer = watchTimer();
  const echo = await watchEcho();
  return {
    async stop() {
      const timerDelays = timer.stop();
      const echoDelays = await echo.stop();
      return { ...summary("timer", timerDelays), ...summary("echo", echoDelays) };
    },
  };
}

function watchTimer(): { stop(): number[] } {
  const delays: number[] = [];
  let armedAt = performance.now();
  let timer = setTimeout(tick, 1);
  function tick(): void {
    delays.push(delay());
    arm();
  }
  function arm(): void {
    armedAt = performance.now();
    timer = setTimeout(tick, 1);
  }
  function delay(): number {
    return Math.max(0, performance.now() - armedAt - 1);
  }
  return {
    stop() {
      clearTimeout(timer);
      delays.push(delay()); // one that never fired was late all the time
      return delays;
    },
  };
}

async function watchEcho(): Promise<{ stop(): Promise<number[]> }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined); // the client goes away in the middle of an answer
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise<void>((resolve) => client.once("connect", resolve));
  client.setNoDelay(true);

  const delays: number[] = [];
  let sentAt = performance.now();
  let stopped = false;
  client.on("data", () => {
    delays.push(performance.now() - sentAt);
    if (!stopped) ping();
  });
  function ping(): void {
    sentAt = performance.now();
    client.write("x");
  }
  ping();
  return {
    async stop() {
      stopped = true;
      delays.push(performance.now() - sentAt);
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
      return delays;
    },
  };
}

function summary(name: string, delays: number[]): Record<string, number> {
  const sorted = delays.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  return {
    [`${name} p50`]: at(0.5),
    [`${name} p99`]: at(0.99),
    [`${name} max`]: at(1),
    [`${name} count`]: sorted.length,
  };
}
