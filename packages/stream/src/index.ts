export { acloseForcefully, type AsyncResource } from "./async-resource.ts";
export { type BufferedReceiveOptions, BufferedReceiveStream } from "./buffered-receive-stream.ts";
export type { HalfCloseableStream, Listener, ReceiveStream, SendStream, Stream } from "./contracts.ts";
export { fromNodeDuplex, fromNodeReadable, fromNodeWritable } from "./from-node.ts";
export { fromWebStream } from "./from-web.ts";
export { openTcpListeners, type TcpListenOptions } from "./open-tcp-listeners.ts";
export { openTcpStream, type TcpOptions } from "./open-tcp-stream.ts";
export { openTlsStream, type OpenTlsOptions } from "./open-tls-stream.ts";
export { serveListeners, type ServeOptions } from "./serve-listeners.ts";
export { serveTcp, type ServeTcpOptions } from "./serve-tcp.ts";
export { serveTls, type ServeTlsOptions } from "./serve-tls.ts";
export { SocketListener } from "./socket-listener.ts";
export { type SocketAddress, SocketStream } from "./socket-stream.ts";
export { StapledStream } from "./stapled-stream.ts";
export { stderr, stdin, stdout } from "./stdio.ts";
export { IncompleteReadError, LimitExceededError } from "./stream-errors.ts";
export { type TextReceiveOptions, TextReceiveStream } from "./text-receive-stream.ts";
export {
  type TlsClientOptions,
  type TlsServerOptions,
  wrapTlsClient,
  wrapTlsServer,
} from "./tls-handshake.ts";
export { TlsStream } from "./tls-stream.ts";
export { toNodeDuplex } from "./to-node.ts";
export { toWebStream, type WebStreamPair } from "./to-web.ts";
export { openUnixListener, openUnixStream, serveUnix, type ServeUnixOptions } from "./unix-sockets.ts";
