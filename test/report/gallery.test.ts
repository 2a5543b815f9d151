import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('scripts/report-gallery.mjs writes reports of every size to look at', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'report-gallery-'));
  try {
    const script = resolve(import.meta.dirname, '../../scripts/report-gallery.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder]);
    expect(stdout).toMatch(/^classes-1000: \d+ KiB, \d+ elements$/m);
    const files = await readdir(folder);
    expect(files).toEqual(expect.arrayContaining(['classes-10.html', 'classes-10.md', 'long-names.html']));
    expect(await readdir(join(folder, 'classes-10'))).toContain('cosine-1.svg');
  } finally {
    await rm(folder, { recursive: true });
  }
});
