// Brings CUDA's provider library, which npm leaves out, to onnxruntime-node. Linux x64 only.
//
//   npm run setup:cuda                     downloads it as onnxruntime-node's own installer does (about 400 MB)
//   npm run setup:cuda -- --from WHEEL     takes it out of PyPI's onnxruntime_gpu-<version>-…-manylinux…x86_64.whl
//   npm run setup:cuda -- --from FOLDER    or out of a folder that has it (site-packages, or where a wheel was unpacked)
//
// CUDA and cuDNN themselves are not installed; `npx onnx-tailor doctor` then names what is missing.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { unzipSync } from 'fflate';

const LIBRARIES = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'];
const require = createRequire(import.meta.url);
const description = require.resolve('onnxruntime-node/package.json');
const { version } = JSON.parse(readFileSync(description, 'utf8'));
const home = dirname(description);
const target = join(home, 'bin', 'napi-v6', process.platform, process.arch);

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`setup:cuda: ${message}\n`);
  process.exit(1);
}

const { values } = parseArgs({
  options: { from: { type: 'string' }, 'any-version': { type: 'boolean', default: false } },
});
if (process.platform !== 'linux' || process.arch !== 'x64') {
  fail(`onnxruntime-node has CUDA for linux x64 only; this is ${process.platform} ${process.arch}.`);
}
if (values.from === undefined) download();
else if (!existsSync(values.from)) fail(`--from: there is no ${values.from}.`);
else if (statSync(values.from).isDirectory()) fromFolder(values.from);
else fromWheel(values.from);
process.stdout.write(
  `CUDA's provider for onnxruntime-node ${version} is in ${target}.\nNow run: npx onnx-tailor doctor\n`,
);

function download() {
  const script = join(home, 'script', 'install.js');
  const { status } = spawnSync(process.execPath, [script, '--onnxruntime-node-install=cuda12'], {
    stdio: 'inherit',
    cwd: home,
  });
  const absent = LIBRARIES.filter((name) => !existsSync(join(target, name)));
  if (status === 0 && absent.length === 0) return;
  fail(
    `onnxruntime-node's installer ended with ${status}${absent.length ? ` and without ${absent.join(', ')}` : ''}. It downloads ` +
      `from nuget.org; behind a proxy set GLOBAL_AGENT_HTTPS_PROXY. Without the internet: get onnxruntime_gpu-${version} ` +
      '(cp312, manylinux x86_64) from PyPI elsewhere and give it with --from.',
  );
}

/** @param {string} wheel */
function fromWheel(wheel) {
  const found = basename(wheel).match(/^onnxruntime_gpu-(\d+\.\d+\.\d+)/i)?.[1];
  checkVersion(found, basename(wheel));
  const files = unzipSync(readFileSync(wheel), {
    filter: ({ name }) => LIBRARIES.includes(basename(name)),
  });
  for (const name of LIBRARIES) {
    const entry = Object.keys(files).find((path) => basename(path) === name);
    if (entry === undefined)
      fail(`${wheel} has no ${name}: is it the wheel of onnxruntime-gpu for linux x86_64?`);
    writeFileSync(join(target, name), files[entry]);
  }
}

/** @param {string} folder */
function fromFolder(folder) {
  const places = [folder, join(folder, 'onnxruntime', 'capi'), join(folder, 'capi')];
  const place = places.find((path) => existsSync(join(path, LIBRARIES[0])));
  if (!place) fail(`${folder} has no ${LIBRARIES[0]}, neither there nor in onnxruntime/capi.`);
  const around = [folder, dirname(dirname(place))].flatMap((path) => readdirSync(path));
  const found = around.map((name) => name.match(/^onnxruntime_gpu-(\d+\.\d+\.\d+).*\.dist-info$/)?.[1]);
  checkVersion(
    found.find((name) => name !== undefined),
    place,
  );
  for (const name of LIBRARIES) copyFileSync(join(place, name), join(target, name));
}

/** A provider only loads into the runtime that it was built with. @param {string | undefined} found @param {string} where */
function checkVersion(found, where) {
  if (found === version || values['any-version']) return;
  fail(
    `onnxruntime-node is ${version}, but ${where} ${found ? `is ${found}` : 'does not say its version'}. A provider of another ` +
      'version is refused or crashes; take the same, or add --any-version to try.',
  );
}
