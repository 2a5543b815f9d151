// Takes out of dist/ what a build of earlier sources left there: the compiler only adds. dist/browser is made anew each time.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Ending of a source by those of what the compiler makes of it. */
const SOURCES = [
  [/\.d\.cts$|\.cjs$/, ['.cts']],
  [/\.d\.ts$|\.js$/, ['.ts', '.js']],
];

for (const file of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!file.isFile()) continue;
  const path = join(file.parentPath, file.name).slice(dist.length + 1);
  if (path.startsWith('browser/') || path.startsWith('browser\\')) continue;
  const [made, sources] = SOURCES.find(([ending]) => ending.test(path)) ?? [/$/, []];
  // The page is not compiled into the package.
  const fresh =
    !path.startsWith('web') &&
    sources.some((ending) => existsSync(join(root, 'src', path.replace(made, ending))));
  if (fresh) continue;
  rmSync(join(dist, path));
  console.log(`dist/${path} had no source and is gone.`);
}
