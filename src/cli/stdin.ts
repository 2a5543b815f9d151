/** Standard input on the command line. */

/** Its name. */
export const STDIN = '-';

let reading: NodeJS.ReadStream | undefined;

/** All that comes. */
export async function readStdin(): Promise<Uint8Array> {
  reading = process.stdin;
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of reading) chunks.push(chunk as Uint8Array);
  } finally {
    reading = undefined;
  }
  return Buffer.concat(chunks);
}

/** Whoever waits for it need not wait on: what was asked for was taken back. */
export function stopStdin(): void {
  reading?.destroy();
}
