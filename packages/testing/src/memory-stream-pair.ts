import { StapledStream } from "@espalier/stream";
import { MemoryPipe } from "./memory-pipe.ts";

/**
 * Two streams in memory that are connected with each other: what goes into the one comes out of the other. Nobody waits for
 * room. For tests of code that talks over a stream, under virtual time as well; each can end its half with `sendEof()`.
 *
 * @checkpoint never
 * @example
 * ```ts
 * import { memoryStreamPair } from "@espalier/testing";
 *
 * const [client, server] = memoryStreamPair();
 * await client.sendAll(new TextEncoder().encode("hello"));
 * console.log(new TextDecoder().decode(await server.receiveSome())); // hello
 * ```
 */
export function memoryStreamPair(): [StapledStream, StapledStream] {
  return connected(Infinity);
}

/**
 * The same without any room: `sendAll` waits until the other side has received every byte. It brings to light code that counts
 * on somebody's buffer, such as two sides that both send first.
 *
 * @checkpoint never
 * @example
 * ```ts
 * import { openNursery } from "@espalier/nursery";
 * import { lockstepStreamPair } from "@espalier/testing";
 *
 * const [client, server] = lockstepStreamPair();
 * await openNursery((nursery) => {
 *   nursery.startSoon(() => client.sendAll(new TextEncoder().encode("hello")));
 *   nursery.startSoon(async () => {
 *     console.log(new TextDecoder().decode(await server.receiveSome(4))); // hell
 *     console.log(new TextDecoder().decode(await server.receiveSome(4))); // o
 *   });
 * });
 * ```
 */
export function lockstepStreamPair(): [StapledStream, StapledStream] {
  return connected(0);
}

function connected(room: number): [StapledStream, StapledStream] {
  const [there, back] = [new MemoryPipe(room), new MemoryPipe(room)];
  return [
    new StapledStream(there.sendStream, back.receiveStream),
    new StapledStream(back.sendStream, there.receiveStream),
  ];
}
