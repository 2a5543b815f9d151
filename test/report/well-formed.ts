/** Checks markup with libxml2, a real parser, which sharp's SVG loader brings along: no parser is among our own dependencies. */
import { Buffer } from 'node:buffer';
import sharp from 'sharp';
import { expect } from 'vitest';

/** Fails with the parser's words when `svg` is not well-formed XML. */
export async function expectWellFormed(svg: string): Promise<void> {
  await expect(sharp(Buffer.from(svg), { unlimited: true }).metadata()).resolves.toMatchObject({
    format: 'svg',
  });
}

/** The same for a page: our HTML is well-formed XML as well. */
export async function expectWellFormedPage(html: string): Promise<void> {
  expect(html.startsWith('<!DOCTYPE html>\n')).toBe(true);
  const page = html.slice('<!DOCTYPE html>\n'.length);
  await expectWellFormed(
    `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><foreignObject>${page}</foreignObject></svg>`,
  );
}

/** Start tags of markup that is known to be well-formed: name and attributes. */
export function tagsOf(markup: string): { name: string; attributes: Record<string, string> }[] {
  return Array.from(
    markup.matchAll(/<([a-z][\w-]*)((?:\s+[\w:-]+="[^"]*")*)\s*\/?>/gi),
    ([, name, list]) => ({
      name,
      attributes: Object.fromEntries(
        Array.from(list.matchAll(/([\w:-]+)="([^"]*)"/g), ([, key, value]) => [key, value]),
      ),
    }),
  );
}
