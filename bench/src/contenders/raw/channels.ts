import { Digest } from "../../digest.ts";
import { capacities, crowd, stages } from "../../workloads/channels.ts";
import type { Contender } from "../../workloads/index.ts";
import { Channel } from "./channel.ts";
import type { Begin } from "./index.ts";

export const rendezvous = (begin: Begin): NonNullable<Contender["rendezvous"]> =>
  oneToOne(begin, capacities.rendezvous);
export const channel64 = (begin: Begin): NonNullable<Contender["channel64"]> =>
  oneToOne(begin, capacities.buffered);

function oneToOne(begin: Begin, capacity: number): (size: number) => Promise<Digest> {
  return async (size) => {
    const channel = new Channel<number>(capacity);
    const digest = new Digest();
    await Promise.all([
      begin(async () => {
        for (let i = 0; i < size; i++) await channel.send(i);
        channel.close();
      }),
      begin(() => receiveAll(channel, digest)),
    ]);
    return digest;
  };
}

export function channel4x4(begin: Begin): NonNullable<Contender["channel4x4"]> {
  return async (size) => {
    const channel = new Channel<number>(capacities.manyToMany);
    const received = Array.from({ length: crowd }, () => new Digest());
    const receivers = received.map((digest) => begin(() => receiveAll(channel, digest)));
    await Promise.all(
      Array.from({ length: crowd }, (_, sender) =>
        begin(async () => {
          for (let i = sender; i < size; i += crowd) await channel.send(i);
        }),
      ),
    );
    channel.close();
    await Promise.all(receivers);
    return { received };
  };
}

export function channelChain(begin: Begin): NonNullable<Contender["channelChain"]> {
  return async (size) => {
    const first = new Channel<number>(0);
    const tasks = [
      begin(async () => {
        for (let i = 0; i < size; i++) await first.send(i);
        first.close();
      }),
    ];
    let last = first;
    for (let stage = 0; stage < stages; stage++) {
      const from = last;
      const to = new Channel<number>(0);
      tasks.push(
        begin(async () => {
          for (let item = await from.receive(); item !== undefined; item = await from.receive())
            await to.send(item + 1);
          to.close();
        }),
      );
      last = to;
    }
    const digest = new Digest();
    tasks.push(begin(() => receiveAll(last, digest)));
    await Promise.all(tasks);
    return digest;
  };
}

export const unparked: NonNullable<Contender["unparked"]> = async (size) => {
  const channel = new Channel<number>(1);
  const digest = new Digest();
  for (let i = 0; i < size; i++) {
    await channel.send(i);
    digest.add((await channel.receive()) as number);
  }
  return digest;
};

async function receiveAll(channel: Channel<number>, digest: Digest): Promise<void> {
  for (let item = await channel.receive(); item !== undefined; item = await channel.receive())
    digest.add(item);
}
