#!/usr/bin/env node
// The public API as text: every name with its signature, without comments, from the declarations in dist.
//
//   npm run api                               writes etc/onnx-tailor.api.md
//   node scripts/api-report.mjs --check       compares it with the present one, and fails where they differ
//
// A change of the API is a change of that file, and is seen in review. What is not exported but stands in a signature is in
// it as well. API Extractor brings the very TypeScript that is pinned here.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = resolve(import.meta.dirname, '..');
const committed = join(root, 'etc/onnx-tailor.api.md');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-api-'));
let report;
try {
  report = makeReport(folder);
} finally {
  rmSync(folder, { recursive: true });
}

if (values.check) {
  const before = readFileSync(committed, 'utf8').split('\n');
  const now = report.split('\n');
  const gone = before.filter((line) => !now.includes(line));
  const came = now.filter((line) => !before.includes(line));
  if (report !== before.join('\n')) {
    const shown = [...gone.map((line) => `- ${line}`), ...came.map((line) => `+ ${line}`)].slice(0, 40);
    console.error(
      `The public API is not the one in etc/onnx-tailor.api.md:\n${shown.join('\n') || 'its order changed'}\n` +
        'Where that is meant: run `npm run api`, commit the file, and say in CHANGELOG.md what breaks.',
    );
    process.exitCode = 1;
  }
} else {
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(committed, report);
  console.log('etc/onnx-tailor.api.md');
}

/** @param {string} out a folder for it. */
function makeReport(out) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, 'dist/index.d.ts'),
      newlineKind: 'lf',
      compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: 'onnx-tailor',
        reportFolder: out,
        reportTempFolder: out,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  });
  const problems = [];
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      // Release tags and TSDoc's way of writing are not what this is for; what the compiler says is.
      message.handled = true;
      if (message.category === 'Compiler' || message.logLevel === 'error') problems.push(message.text);
    },
  });
  if (!succeeded || problems.length > 0) throw new Error(`API Extractor: ${problems.join('\n')}`);
  return readFileSync(join(out, 'onnx-tailor.api.md'), 'utf8');
}
