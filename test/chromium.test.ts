/** Which Chromium the tests run in, and what is said where there is none. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findChromium } from './browser/chromium.js';
import { temporaryFolder } from './data/temporary-folder.js';

const file = temporaryFolder();

function program(name: string): string {
  const path = file(name, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

beforeEach(() => {
  vi.stubEnv('TAILOR_CHROMIUM', '');
  vi.stubEnv('TAILOR_REQUIRE_CHROMIUM', '');
});
afterEach(() => vi.unstubAllEnvs());

describe('findChromium', () => {
  it('takes the one that is named, and refuses what cannot be run', () => {
    const own = program('own/my-browser');
    vi.stubEnv('TAILOR_CHROMIUM', own);
    expect(findChromium()).toBe(own);
    vi.stubEnv('TAILOR_CHROMIUM', `${own}.missing`);
    expect(findChromium).toThrow(/my-browser\.missing, which cannot be run/);
    vi.stubEnv('TAILOR_CHROMIUM', dirname(own));
    expect(findChromium).toThrow(/cannot be run/);
  });

  it.skipIf(process.platform === 'win32')('looks through PATH, and past what is no program', () => {
    mkdirSync(file('first/chromium'), { recursive: true });
    writeFileSync(file('first/google-chrome', ''), '');
    const found = program('second/chromium-browser');
    vi.stubEnv('PATH', ['first', 'none', 'second'].map((name) => file(name)).join(delimiter));
    expect(findChromium()).toBe(found);
  });

  it('finds none, or fails where one is required', () => {
    vi.stubEnv('PATH', file('none'));
    expect(findChromium()).toBeUndefined();
    vi.stubEnv('TAILOR_REQUIRE_CHROMIUM', '1');
    expect(findChromium).toThrow(
      /TAILOR_REQUIRE_CHROMIUM=1, but there is no Chromium.*apt-get install chromium/,
    );
  });
});
