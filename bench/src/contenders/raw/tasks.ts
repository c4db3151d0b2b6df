/* eslint-disable @typescript-eslint/await-thenable -- awaiting nothing is the least that lets others run */
import type { Contender } from "../../workloads/index.ts";
import type { Begin } from "./index.ts";

export function spawn(begin: Begin): NonNullable<Contender["spawn"]> {
  return async (size) => {
    let ended = 0;
    const child = async (): Promise<void> => {
      await null;
      ended++;
    };
    await Promise.all(Array.from({ length: size }, () => begin(child)));
    return { ended };
  };
}

export function nurseryTree(begin: Begin): NonNullable<Contender["nurseryTree"]> {
  return async (size) => {
    let leaves = 0;
    const tree = async (depth: number): Promise<void> => {
      if (depth === 0) {
        await null;
        leaves++;
        return;
      }
      const half = (): Promise<void> => tree(depth - 1);
      await Promise.all([begin(half), begin(half)]);
    };
    await tree(size);
    return { leaves };
  };
}

export function pingPong(begin: Begin): NonNullable<Contender["pingPong"]> {
  return async (size) => {
    let turns = 0;
    let alternations = 0;
    let last: string | undefined;
    const player = async (name: string): Promise<void> => {
      while (turns < size) {
        turns++;
        if (last !== name) alternations++;
        last = name;
        await null;
      }
    };
    await Promise.all([begin(() => player("ping")), begin(() => player("pong"))]);
    return { turns, alternations };
  };
}
