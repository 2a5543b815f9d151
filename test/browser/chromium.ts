/** The Chromium that tests run in: the machine's own, none is downloaded. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** What to do where there is none. */
export const CHROMIUM_WANTED =
  'Install one (Debian: apt-get install chromium) or name its executable in TAILOR_CHROMIUM.';

/**
 * TAILOR_CHROMIUM, or the first of Chromium's names on PATH; undefined where there is none.
 * @throws where TAILOR_CHROMIUM names nothing that can be run, and where TAILOR_REQUIRE_CHROMIUM=1 finds none.
 */
export function findChromium(): string | undefined {
  const { TAILOR_CHROMIUM: named, TAILOR_REQUIRE_CHROMIUM: required, PATH = '' } = process.env;
  if (named) {
    if (isProgram(named)) return named;
    throw new Error(`TAILOR_CHROMIUM is ${named}, which cannot be run. ${CHROMIUM_WANTED}`);
  }
  const found = PATH.split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(isProgram);
  if (!found && required === '1') {
    throw new Error(`TAILOR_REQUIRE_CHROMIUM=1, but there is no Chromium on PATH. ${CHROMIUM_WANTED}`);
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Software rendering makes WebGPU available where there is no graphics card. */
export const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
