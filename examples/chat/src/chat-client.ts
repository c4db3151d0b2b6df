import { openMemoryChannel } from "@espalier/channel";
import { openNursery } from "@espalier/nursery";
import { BufferedReceiveStream, openTcpStream, type ReceiveStream, type SendStream } from "@espalier/stream";

/** Connects a terminal with a chat, until the server or the terminal hangs up. */
export async function chat(
  host: string,
  port: number,
  input: ReceiveStream,
  output: SendStream,
): Promise<void> {
  await using server = await openTcpStream(host, port);
  // Two tasks have something to say to the server, and only one may send: it takes the lines out of a channel.
  const [toServer, outbox] = openMemoryChannel<string>();
  await openNursery(async (nursery) => {
    // They go when the server has hung up: nobody is left to talk to.
    nursery.startSoon(() => sendLines(outbox, server), { name: "send", daemon: true });
    nursery.startSoon(
      async () => {
        for await (const line of new BufferedReceiveStream(input).lines()) await toServer.send(line);
        await toServer.send("/quit");
      },
      { name: "read the terminal", daemon: true },
    );
    for await (const line of new BufferedReceiveStream(server).lines()) {
      if (line === "PING") await toServer.send("PONG");
      else await sendLines([line], output);
    }
  });
}

async function sendLines(lines: Iterable<string> | AsyncIterable<string>, to: SendStream): Promise<void> {
  for await (const line of lines) await to.sendAll(new TextEncoder().encode(`${line}\n`));
}
