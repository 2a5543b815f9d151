/** The worker of the built page, asked directly: what no button of the page does. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Page } from 'playwright-core';
import { inject } from 'vitest';
import type { Verb, Verbs } from '../../src/web/engine/protocol.js';

/** Paths of a file of the build, by the beginning and the end of its name. */
export function assetsLike(start: string, end: string): string[] {
  return readdirSync(`${inject('page')}/assets`)
    .filter((name) => name.startsWith(start) && name.endsWith(end))
    .map((name) => `assets/${name}`);
}

/** A file of the sample, as the page would give it to its worker. */
export function sampleFile(part: 'model' | 'validation' | 'train' | 'test', name?: string) {
  const stem = part === 'model' ? 'cifar10-lt-resnet20-wd' : `cifar10-lt-${part}`;
  const [asset] = assetsLike(stem, part === 'model' ? '.onnx' : '.npz');
  return {
    name: name ?? basename(asset).replace(/-[\w-]{8}(\.\w+)$/, '$1'),
    data: { asset } as unknown as Blob,
  };
}

/** Starts a worker of its own in the page. */
export async function startWorker(page: Page): Promise<void> {
  const [worker] = assetsLike('worker-', '.js');
  await page.evaluate((path) => {
    const port = new Worker(new URL(path, location.href), { type: 'module' });
    const waiting = new Map<
      number,
      (reply: { result?: unknown; error?: { code: string; message: string } }) => void
    >();
    let last = 0;
    const kept = new Map<string, Blob>();
    port.onerror = (event) => {
      for (const settle of waiting.values()) settle({ error: { code: 'DEAD', message: event.message } });
    };
    const impatient = new Map<number, number>();
    port.onmessage = ({ data }) => {
      if (!('progress' in data)) waiting.get(data.id)?.(data);
      else if (impatient.has(data.id)) {
        if (impatient.get(data.id) === 0) port.postMessage({ cancel: data.id });
        impatient.set(data.id, impatient.get(data.id)! + 1);
      }
    };
    const withFiles = async (value: unknown): Promise<unknown> => {
      if (Array.isArray(value)) return Promise.all(value.map(withFiles));
      if (typeof value !== 'object' || value === null || value instanceof Blob) return value;
      if ('kept' in value) return kept.get(value.kept as string);
      if ('asset' in value) return (await fetch(value.asset as string)).blob();
      return Object.fromEntries(
        await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await withFiles(item)])),
      );
    };
    Object.assign(globalThis, {
      keep: (name: string, base64: string) =>
        kept.set(name, new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))])),
      async tailor(verb: string, request: unknown, cancelled = false) {
        const asked = await withFiles(request);
        last += 1;
        const id = last;
        if (cancelled) impatient.set(id, 0);
        const reply = await new Promise<{ result?: unknown; error?: { code: string; message: string } }>(
          (resolve) => {
            waiting.set(id, resolve);
            port.postMessage({ id, verb, request: asked });
          },
        );
        if (cancelled) return `${reply.error?.code} after ${impatient.get(id)} reports`;
        if (reply.error) throw new Error(`${reply.error.code}: ${reply.error.message}`);
        return reply.result;
      },
    });
  }, worker);
}

/** Asks the worker; the answer comes through JSON, so files and typed arrays do not. */
export function ask<V extends Verb>(
  page: Page,
  verb: V,
  request: Verbs[V]['request'],
): Promise<Verbs[V]['result']> {
  return page.evaluate(
    ([name, asked]) =>
      (globalThis as unknown as { tailor(...args: unknown[]): Promise<never> }).tailor(name, asked),
    [verb, request] as const,
  ) as Promise<Verbs[V]['result']>;
}

/** Asks, and cancels at the first report of progress: 'ABORTED after 3 reports', or whatever else came of it. */
export function askAndCancel<V extends Verb>(
  page: Page,
  verb: V,
  request: Verbs[V]['request'],
): Promise<string> {
  return page.evaluate(
    ([name, asked]) =>
      (globalThis as unknown as { tailor(...args: unknown[]): Promise<string> }).tailor(name, asked, true),
    [verb, request] as const,
  );
}

/** Gives the page a file from here, as if it had been dropped; what is returned stands for it in requests. */
export async function giveFile(
  page: Page,
  name: string,
  bytes: Uint8Array,
): Promise<{ name: string; data: Blob }> {
  const base64 = Buffer.from(bytes).toString('base64');
  await page.evaluate(
    ([key, text]) => (globalThis as unknown as { keep(...args: string[]): void }).keep(key, text),
    [name, base64],
  );
  return { name, data: { kept: name } as unknown as Blob };
}

/** Asks for a verb that answers with a file. */
export async function askForFile<V extends Verb>(
  page: Page,
  verb: V,
  request: Verbs[V]['request'],
): Promise<{ name: string; bytes: Uint8Array }> {
  const { name, numbers } = await page.evaluate(
    async ([asked, what]) => {
      const { tailor } = globalThis as unknown as {
        tailor(...args: unknown[]): Promise<{ name: string; data: Blob }>;
      };
      const file = await tailor(asked, what);
      return { name: file.name, numbers: Array.from(new Uint8Array(await file.data.arrayBuffer())) };
    },
    [verb, request] as const,
  );
  return { name, bytes: Uint8Array.from(numbers) };
}
