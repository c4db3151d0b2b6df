import { BufferedReceiveStream, openTcpStream } from "@espalier/stream";
import { connect } from "node:net";
import { CarelessServer } from "../props/careless-server.ts";
import type { Log, Stop } from "../stop.ts";
import { settlesWithin } from "../watch.ts";

export const linearProgram: Stop = {
  file: "13-linear-program",
  title: "A question over a socket",
  claim:
    "With callbacks, an answer that comes in two pieces is taken for two, and a peer that hangs up without one leaves " +
    "whoever asked waiting for ever. In Espalier the program reads top to bottom: it receives until the end of the line, and " +
    "an end in its place is something that it sees.",
  parts: [
    { world: "plain", code: "plain", run: withCallbacks },
    { world: "espalier", code: "espalier", run: inEspalier },
  ],
};

type Ask = (port: number, question: string) => Promise<string>;

async function withCallbacks(log: Log): Promise<string[]> {
  // #region plain
  function ask(port: number, question: string) {
    return new Promise<string>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(`${question}\n`);
      });
      socket.on("data", (data) => {
        resolve(data.toString().trimEnd());
        socket.end();
      });
      socket.on("error", reject);
    });
  }
  // #endregion
  return objectionsTo(ask, log);
}

async function inEspalier(log: Log): Promise<string[]> {
  // #region espalier
  async function ask(port: number, question: string) {
    await using stream = await openTcpStream("127.0.0.1", port);
    const bytes = new TextEncoder().encode(`${question}\n`);
    await stream.sendAll(bytes);
    const buffered = new BufferedReceiveStream(stream);
    const answer = await buffered.receiveUntil("\n");
    if (answer === undefined) throw new Error("it hung up");
    return new TextDecoder().decode(answer);
  }
  // #endregion
  return objectionsTo(ask, log);
}

async function objectionsTo(ask: Ask, log: Log): Promise<string[]> {
  await using server = await CarelessServer.listen();
  const objections: string[] = [];
  const answer = await ask(server.port, "What is it?");
  log(`the first answer: "${answer}"`);
  if (answer !== "forty-two")
    objections.push(`The answer was "forty-two", it took "${answer}".`);

  let told: unknown;
  const second = ask(server.port, "And why?").catch(
    (error: unknown) => (told = error),
  );
  if (!(await settlesWithin(1000, second))) {
    log("the server has hung up; still waiting, no longer watched");
    objections.push("It waits for a peer that is gone.");
  } else if (told === undefined)
    objections.push("It was not told that the peer is gone.");
  else log(`the second question: ${String(told as Error)}`);
  return objections;
}
