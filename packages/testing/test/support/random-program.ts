import { moveOnAfter } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { checkpoint, currentTime, isCancelled, sleep } from "@espalier/core";
import { randomFrom } from "@espalier/core/testing";
import { openNursery, type Nursery, type Task } from "@espalier/nursery";
import { waitAllTasksBlocked } from "@espalier/testing";

/**
 * A program of several tasks that do a bit of everything, much of it at the same virtual times. Gives what happened, in
 * order. What it does depends on `programSeed` and on the order in which its tasks come to their turns, and on nothing else.
 *
 * @param disturb - Called between the steps; may take real time.
 */
export async function randomProgram(
  programSeed: number,
  disturb: () => void = () => undefined,
): Promise<string[]> {
  const trace: string[] = [];
  const [send, receive] = openMemoryChannel<string>(programSeed % 3);
  const tasks: Task[] = [];

  const worker = async (name: string, nursery: Nursery, depth: number): Promise<void> => {
    const random = randomFrom(programSeed * 1000 + Number(name.replaceAll(".", "")));
    const note = (what: string): void => {
      trace.push(`${currentTime()} ${name} ${what}`);
      disturb();
    };
    note("begins");
    try {
      for (let step = 0; step < 6; step++) {
        const dice = Math.floor(random() * 9);
        const ms = Math.floor(random() * 3) * 5;
        if (dice === 0) await checkpoint();
        else if (dice === 1) await sleep(ms);
        else if (dice === 2)
          note(`sent ${String(await moveOnAfter(ms, () => send.send(`${name}#${step}`).then(() => true)))}`);
        else if (dice === 3) note(`received ${await moveOnAfter(ms, () => receive.receive())}`);
        else if (dice === 4) await Promise.all([sleep(ms), moveOnAfter(ms, () => sleep(5)), checkpoint()]);
        else if (dice === 5 && depth < 2)
          nursery.startSoon(() => worker(`${name}.${step}`, nursery, depth + 1));
        else if (dice === 6 && depth < 2)
          await openNursery((inner) => {
            for (let i = 0; i < 3; i++)
              inner.startSoon(() => worker(`${name}.${step}${i}`, inner, depth + 1));
          });
        else if (dice === 7) tasks[Math.floor(random() * tasks.length)]?.cancel();
        else await moveOnAfter(ms, () => waitAllTasksBlocked());
        note(`did ${dice}`);
      }
    } catch (error) {
      note(isCancelled(error) ? "is cancelled" : "fails");
      throw error;
    } finally {
      note("ends");
    }
  };

  await openNursery((nursery) => {
    for (let i = 1; i <= 5; i++) tasks.push(nursery.startSoon(() => worker(String(i), nursery, 0)));
  });
  trace.push(`${currentTime()} over`);
  return trace;
}
