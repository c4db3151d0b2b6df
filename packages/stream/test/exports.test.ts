import { expect, it } from "vitest";

import * as door from "@espalier/stream";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "BufferedReceiveStream",
    "IncompleteReadError",
    "LimitExceededError",
    "SocketListener",
    "SocketStream",
    "StapledStream",
    "TextReceiveStream",
    "TlsStream",
    "acloseForcefully",
    "fromNodeDuplex",
    "fromNodeReadable",
    "fromNodeWritable",
    "fromWebStream",
    "openTcpListeners",
    "openTcpStream",
    "openTlsStream",
    "openUnixListener",
    "openUnixStream",
    "serveListeners",
    "serveTcp",
    "serveTls",
    "serveUnix",
    "stderr",
    "stdin",
    "stdout",
    "toNodeDuplex",
    "toWebStream",
    "wrapTlsClient",
    "wrapTlsServer",
  ]);
});
