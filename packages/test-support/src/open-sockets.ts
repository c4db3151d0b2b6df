/** How many sockets the runtime holds: each connection, each listener. Only Node counts them. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => /TCP|Pipe|TLS/.test(kind)).length;
}
