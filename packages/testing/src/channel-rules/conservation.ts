import { moveOnAfter } from "@espalier/cancel-scope";
import { sleep, WouldBlock } from "@espalier/core";
import { randomFrom } from "@espalier/core/testing";
import { openNursery } from "@espalier/nursery";
import type { ReceiveChannelUnderTest, Rule, SendChannelUnderTest, Specimen } from "./channel-under-test.ts";
import { claimSame } from "./claims.ts";

/*
 * Many random programs: producers and consumers with clones, naps, time limits around single calls, nowait calls and early
 * closes. Whatever is cancelled, each item that was sent is received once, none that was not, and each consumer sees the
 * items of one producer in their order.
 */

/** How many programs are tried, by seeds that also decide the order of resumptions. */
export const conservationSeeds: readonly number[] = Array.from({ length: 30 }, (_, i) => i + 1);

/** The rule for the program of one seed; to be proven in a run with the same seed. */
export function conservationRule(seed: number): Rule {
  return {
    name: "nothing is lost, doubled or reordered, whatever is cancelled or closed",
    prove: (specimen) => new RandomProgram(specimen, seed).run(),
  };
}

interface Item {
  readonly producer: number;
  readonly number: number;
}

class RandomProgram {
  readonly #specimen: Specimen;
  readonly #random: () => number;
  readonly #sent: string[] = [];
  readonly #received: string[] = [];

  constructor(specimen: Specimen, seed: number) {
    this.#specimen = specimen;
    this.#random = randomFrom(seed);
  }

  async run(): Promise<void> {
    const [send, receive] = this.#specimen.open();
    await openNursery((nursery) => {
      for (let producer = 0; producer < 3; producer++) {
        const end = send.clone();
        nursery.startSoon(() => this.#produce(end, producer), { name: `producer ${producer}` });
      }
      for (const patient of [false, false, true]) {
        const end = receive.clone();
        nursery.startSoon(() => this.#consume(end, patient), { name: "consumer" });
      }
      send.close();
      receive.close();
    });
    claimSame([...this.#received].sort(), [...this.#sent].sort(), "What was received, of what was sent,");
  }

  async #produce(end: SendChannelUnderTest, producer: number): Promise<void> {
    for (let number = 0; number < 12; number++) {
      const item: Item = { producer, number };
      await this.#nap();
      if (await this.#send(end, item)) this.#sent.push(name(item));
    }
    end.close();
  }

  /** In one of several ways. Says whether it was sent. */
  async #send(end: SendChannelUnderTest, item: Item): Promise<boolean> {
    if (this.#random() < 0.2) {
      try {
        end.sendNowait(item);
        return true;
      } catch (error) {
        if (error instanceof WouldBlock) return false;
        throw error;
      }
    }
    const sent = await moveOnAfter(this.#fewMs(), async () => {
      await end.send(item);
      return true;
    });
    return sent === true;
  }

  /** One that is patient stays to the end, so that everything is received. */
  async #consume(end: ReceiveChannelUnderTest, patient: boolean): Promise<void> {
    const last = new Map<number, number>();
    const leavesAfter = patient ? Infinity : Math.floor(this.#random() * 12);
    for (let count = 0; count < leavesAfter;) {
      await this.#nap();
      const step = await moveOnAfter(patient ? 1000 : this.#fewMs(), () =>
        end[Symbol.asyncIterator]().next(),
      );
      if (step === undefined) continue;
      if (step.done === true) break;
      const item = step.value as Item;
      this.#received.push(name(item));
      claimSame(
        item.number > (last.get(item.producer) ?? -1),
        true,
        "Whether the items of a producer came in order",
      );
      last.set(item.producer, item.number);
      count++;
    }
    end.close();
  }

  async #nap(): Promise<void> {
    await sleep(this.#fewMs());
  }

  /** So few that many things happen at the same time. */
  #fewMs(): number {
    return Math.floor(this.#random() * 4);
  }
}

function name({ producer, number }: Item): string {
  return `${producer}.${number}`;
}
