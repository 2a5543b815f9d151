/** `onnx-tailor diagnose F.npz…`: what imbalance did to features and head, as numbers, advice and a report. */
import type { Command } from 'commander';
import { platform } from '#platform';
import { VERSION } from '../array/version.js';
import { openSource } from '../data/open-source.js';
import { advise } from '../diagnostics/advice.js';
import { batchNormDiagnostics } from '../diagnostics/batch-norm.js';
import { diagnose } from '../diagnostics/diagnose.js';
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import { probeLayers } from '../diagnostics/layers.js';
import { probeRandomLayers } from '../diagnostics/random-layers.js';
import { writeStatistics } from '../diagnostics/statistics-file.js';
import { FeatureSet } from '../features/feature-set.js';
import { diagnosisContent } from '../report/diagnosis-content.js';
import { describeDiagnostics } from './describe-diagnostics.js';
import { type DiagnoseInputs, evaluationOf, readDiagnoseInputs } from './diagnose-inputs.js';
import { assertUsage, type DiagnoseCommandOptions, newDiagnoseCommand } from './diagnose-options.js';
import { diagnosePart } from './diagnose-part.js';
import { extractionOf } from './options.js';
import { assertFree } from './output.js';
import { assertReportsFree, describeReports, writeReports } from './report-options.js';
import type { Terminal } from './terminal.js';
import { thresholdsOf } from './thresholds.js';

export function diagnoseCommand(terminal: Terminal): Command {
  const command = newDiagnoseCommand();
  return command.action(async (features: string[], options: DiagnoseCommandOptions) => {
    assertUsage(command, features, options);
    await assertOutputsFree(features, options);
    const { shard, saveStatistics } = options;
    if (shard) return diagnosePart(features[0], shard, saveStatistics!, options, terminal);
    const inputs = await readDiagnoseInputs(features, options, terminal);
    const first = await diagnoseOne(inputs, inputs.first, options, terminal, 'Diagnosing');
    const diagnostics = await withProbes(first, inputs, options, terminal);
    const test =
      inputs.test && (await diagnoseOne(inputs, inputs.test, options, terminal, 'Diagnosing test'));
    const content = diagnosisContent(diagnostics, {
      title: `Diagnosis of ${inputs.model?.name ?? platform.baseName(diagnostics.name)}`,
      test,
      evaluations: await evaluationOf(inputs, diagnostics, {
        ...{ threads: options.threads, signal: terminal.signal },
      }),
      provenance: provenanceOf(inputs, options),
    });
    const written = await writeReports(options, content, options.force);
    if (saveStatistics !== undefined) written.push(saveStatistics);
    terminal.finish(
      { ...diagnostics, ...(test && { test, together: content.advice }), written },
      [describeDiagnostics(content), ...describeReports(written)].join('\n'),
    );
  });
}

/** One set: its statistics are kept where that is asked for. */
async function diagnoseOne(
  { head, counts, classNames }: DiagnoseInputs,
  source: DiagnoseInputs['first'],
  options: DiagnoseCommandOptions,
  terminal: Terminal,
  what: string,
): Promise<Diagnostics> {
  const { center, weightDecay, intervals, seed, saveStatistics, force, threads, device } = options;
  return diagnose(source.sets ?? source.statistics!, {
    ...{ head, counts, classNames, center, weightDecay, intervals, seed, threads },
    // Most products are in float64, which webgpu has not; auto means what is fast for them.
    device: device === 'auto' ? undefined : device,
    thresholds: thresholdsOf(options, source.classes),
    signal: terminal.signal,
    onProgress: terminal.progress(what, 'samples of all passes'),
    onStatistics:
      source.first && saveStatistics !== undefined
        ? (statistics, { name, classNames: names }) =>
            writeStatistics(saveStatistics, statistics, {
              overwrite: force,
              name,
              classNames: names ?? undefined,
              pieces: source.pieces,
            })
        : undefined,
  });
}

/** Layers, random layers and batch norms of the first set, as far as they are wanted; they bring advice of their own. */
async function withProbes(
  diagnostics: Diagnostics,
  { model, first }: DiagnoseInputs,
  options: DiagnoseCommandOptions,
  terminal: Terminal,
): Promise<Diagnostics> {
  const { center, seed, threads, randomLayers, layers } = options;
  const { signal } = terminal;
  const set = randomLayers === undefined ? undefined : first.sets?.[0];
  const found = {
    ...diagnostics,
    ...(set instanceof FeatureSet && {
      randomLayers: await probeRandomLayers(set.features, set.requireLabels('Diagnosing'), {
        ...{ classes: diagnostics.classes, layers: randomLayers, center, seed, threads, signal },
      }),
    }),
    ...(model && { batchNorm: await batchNormDiagnostics(model.file) }),
    ...(model &&
      layers !== undefined && {
        layers: await probeLayers(model, openSource(layers, model), {
          ...extractionOf(options, terminal, 'Layers'),
          center,
        }),
      }),
  };
  return { ...found, advice: advise(found) };
}

async function assertOutputsFree(
  features: readonly string[],
  options: DiagnoseCommandOptions,
): Promise<void> {
  const {
    model,
    head,
    test,
    counts,
    preprocess,
    classes,
    fromStatistics = [],
    saveStatistics,
    force,
  } = options;
  const reads = {
    files: [model, head, counts, preprocess, classes, ...fromStatistics],
    sources: [...features, test, options.layers],
  };
  await assertReportsFree(options, force, reads);
  if (saveStatistics !== undefined) await assertFree(saveStatistics, force, reads);
}

function provenanceOf({ model, first, test }: DiagnoseInputs, options: DiagnoseCommandOptions) {
  const pairs: [string, string | undefined][] = [
    ['features', first.name],
    ['test', test?.name],
    ['model', model && `${model.name ?? 'standard input'}, sha256 ${model.sha256}`],
    ['head', options.head],
    ['counts', options.counts],
    ['seed', `${options.seed}`],
    ['onnx-tailor', VERSION],
  ];
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
}
