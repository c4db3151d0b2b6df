import type { ReceiveStream } from "@espalier/stream";

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function decode(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** All that comes until the end, as a string. */
export async function readAll(stream: ReceiveStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** So many bytes, counted and dropped. Less if the stream ends. */
export async function readCount(stream: ReceiveStream, count: number): Promise<number> {
  let seen = 0;
  while (seen < count) {
    const chunk = await stream.receiveSome();
    if (chunk === undefined) break;
    seen += chunk.length;
  }
  return seen;
}
