/** What a user does with the page. */
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** A file as a browser gets it. */
export interface GivenFile {
  readonly name: string;
  readonly bytes: Uint8Array | string;
}

/** Places to drop files on, by their names for assistive technology. */
export const PLACES = {
  model: 'Place for the model',
  validation: 'Place for validation data',
  train: 'Place for training data',
  test: 'Place for test data',
  counts: 'Place for class counts',
} as const;

export type Place = keyof typeof PLACES;

/** Where the files of a place are dropped; what is wrong with them is said beside it. */
export function placeOf(page: Page, place: Place): Locator {
  return page.getByRole('group', { name: PLACES[place] });
}

/** Drops files on a place, or on anything else by its selector. */
export async function drop(page: Page, where: Place | string, ...files: GivenFile[]): Promise<void> {
  const target = where in PLACES ? placeOf(page, where as Place) : page.locator(where);
  await target.evaluate(
    (element, given) => {
      const dataTransfer = new DataTransfer();
      for (const [name, base64] of given) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], name));
      }
      for (const type of ['dragenter', 'dragover', 'drop']) {
        element.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }
    },
    files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')] as const),
  );
}

/** The section of a step. */
export function step(
  page: Page,
  id: 'model' | 'data' | 'diagnosis' | 'adjust' | 'choose' | 'result',
): Locator {
  return page.locator(`section#${id}`);
}

/** Waits until nothing is being done any more. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('progress') === null, null, { timeout: 120_000 });
}

/** Clicks a download and gives what was saved. */
export async function download(page: Page, link: Locator): Promise<{ name: string; bytes: Buffer }> {
  const [saved] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) };
}

/** Every message about something that did not work. */
export function troubles(page: Page): Promise<string[]> {
  return page.getByRole('alert').allInnerTexts();
}

/** Asks again until it is so; slow machines get their time. */
export function eventually<T>(read: () => Promise<T>) {
  return expect.poll(read, { timeout: 60_000, interval: 100 });
}
