import { expectEqual, type Workload } from "../workload.ts";

/** What the clients of an echo server saw. They are in a process of their own, so that the server alone is measured. */
export interface Echoed {
  /** Messages that came back whole. */
  readonly echoes: number;
  /** From the first connection to the last echo. */
  readonly ms: number;
}

export interface Load {
  readonly connections: number;
  /** The length of each message, in bytes. */
  readonly bytes: number;
}

/** The clients, for the contenders. */
export const loads = {
  many: { connections: 64, bytes: 16_384 },
  one: { connections: 1, bytes: 100 },
} as const satisfies Record<string, Load>;

const echo = {
  unit: "ms",
  target: { 20: 1.1, 24: 1.1 },
  check({ echoes }, size) {
    expectEqual(echoes, size, "echoes");
  },
  value: ({ ms }) => ms,
} satisfies Partial<Workload<Echoed>>;

/** Throughput. */
export const echoMany: Workload<Echoed> = {
  ...echo,
  name: "echo-64",
  row: `TCP echo, ${loads.many.connections} connections x 16 KiB, {size} echoes`,
  size: { full: 30_000, smoke: 128 },
};

/** Latency. */
export const echoOne: Workload<Echoed> = {
  ...echo,
  name: "echo-1",
  row: `TCP echo, 1 connection x ${loads.one.bytes} bytes, {size} echoes`,
  size: { full: 10_000, smoke: 20 },
};
