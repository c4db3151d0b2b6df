import { lookup } from "node:dns/promises";

import { abandonOnCancel } from "@espalier/cancel-scope";
import { BrokenResourceError, rethrowIfCancelled } from "@espalier/core";
import { errorMessage, errorText } from "@espalier/core/lowlevel";

/** An IP address that a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** The addresses of a host name, in the order of the system's resolver. The system's look-up cannot be interrupted, only left. */
export async function resolveHost(host: string): Promise<ResolvedAddress[]> {
  checkHost(host);
  try {
    return await abandonOnCancel(lookup(host, { all: true, verbatim: true }));
  } catch (error) {
    rethrowIfCancelled(error);
    throw new BrokenResourceError(`Could not find the host "${host}": ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

function checkHost(host: unknown): void {
  if (typeof host === "string" && host !== "") return;
  throw new TypeError(
    `A host name or an IP address is needed, not ${host === "" ? "an empty string" : errorText(host)}.`,
  );
}

/** @throws {RangeError} it is not a port. */
export function checkPort(port: unknown, lowest: 0 | 1): asserts port is number {
  if (Number.isInteger(port) && (port as number) >= lowest && (port as number) <= 65_535) return;
  const given =
    typeof port === "string" ? `${JSON.stringify(port)}, a string: use Number(...)` : errorText(port);
  throw new RangeError(`A port is a whole number from ${lowest} to 65535, not ${given}.`);
}
