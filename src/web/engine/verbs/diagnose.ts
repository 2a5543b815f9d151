/** What imbalance did: figures, advice and plots of one set, or of two side by side. */
import { VERSION } from '../../../array/version.js';
import { advise } from '../../../diagnostics/advice.js';
import { batchNormDiagnostics } from '../../../diagnostics/batch-norm.js';
import { diagnose } from '../../../diagnostics/diagnose.js';
import type { Diagnostics } from '../../../diagnostics/diagnostics.js';
import { evaluate } from '../../../evaluation/evaluate.js';
import { groupConfusion } from '../../../evaluation/group-confusion.js';
import type { ReportContent } from '../../../report/content.js';
import { diagnosisContent } from '../../../report/diagnosis-content.js';
import { reportPlots } from '../../../report/plots.js';
import type { DiagnosisResult, PlotFacts, Role, Verbs } from '../protocol.js';
import type { CallContext } from '../serve.js';
import type { Session } from '../session.js';

const DOING = 'Diagnosing';

export async function diagnoseVerb(
  session: Session,
  { role, second, intervals }: Verbs['diagnose']['request'],
  context: CallContext,
): Promise<DiagnosisResult> {
  const diagnostics = await diagnoseSet(session, role, context, intervals);
  const other = second && (await diagnoseSet(session, second, context, intervals));
  session.lastDiagnosed = second ? [role, second] : [role];
  const content = contentOfDiagnosis(session, 'Diagnosis');
  const [evaluation] = content.evaluations!;
  return {
    diagnostics,
    ...(other && { second: other }),
    advice: [...diagnostics.advice, ...(content.advice ?? [])],
    evaluation: evaluation.before,
    confusion: evaluation.confusion!.before,
    plots: plotsOf(content),
  };
}

/** One set with the original head; kept, so that a report can show it. */
export async function diagnoseSet(
  session: Session,
  role: Role,
  { signal, progress }: CallContext,
  intervals = 0,
): Promise<Diagnostics> {
  const model = session.requireModel(DOING);
  const { set } = session.requireSet(role, DOING);
  const found = await diagnose(set, {
    ...session.where,
    head: model.head,
    // Read by what was trained on; without counts those of the set itself, as far as that goes.
    counts: session.counts?.counts,
    thresholds: session.groupThresholds,
    classNames: model.classes ?? set.classes,
    intervals,
    signal,
    onProgress: ({ done, total, secondsLeft }) =>
      progress({ what: 'samples of all passes', done, total, secondsLeft }),
  });
  const whole = { ...found, batchNorm: await batchNormDiagnostics(model.file) };
  const diagnostics = { ...whole, advice: advise(whole) };
  session.diagnoses.set(role, diagnostics);
  return diagnostics;
}

/** The report of the last diagnosis. */
export function contentOfDiagnosis(session: Session, title: string): ReportContent {
  const [first, second] = session.lastDiagnosed;
  const { set } = session.requireSet(second ?? first, DOING);
  const diagnostics = session.diagnoses.get(first)!;
  const { trainCounts, thresholds, groups, classNames } = diagnostics;
  const labels = set.requireLabels(DOING);
  const logits = set.logits!;
  const content = diagnosisContent(diagnostics, {
    title,
    test: second && session.diagnoses.get(second),
    evaluations: [
      {
        setName: second ?? set.name,
        before: evaluate({
          ...{ logits, labels, thresholds },
          // Groups need a training sample of every class.
          ...(trainCounts.every((n) => n > 0) && { counts: trainCounts }),
          ...(classNames && { classes: classNames }),
        }),
        confusion: { before: groupConfusion({ logits, labels, groups }) },
        ...(first === 'train' && second === undefined
          ? { note: 'The model was trained on this set: its figures say nothing of new data.' }
          : {}),
      },
    ],
    provenance: provenanceOf(session, session.lastDiagnosed),
  });
  return second ? { ...content, setNames: [first, second] } : content;
}

/** Where everything came from, for the end of a report. */
export function provenanceOf(session: Session, roles: readonly Role[]): [what: string, which: string][] {
  const model = session.requireModel(DOING);
  return [
    ['model', `${model.name}, sha256 ${model.sha256}`],
    ...roles.map((role): [string, string] => [NAMES[role], session.requireSet(role, DOING).set.name]),
    ...(session.counts ? [['counts', session.counts.from] satisfies [string, string]] : []),
    ['onnx-tailor', `${VERSION}, in a browser`],
  ];
}

/** Every plot as a file of its own. */
export function plotsOf(content: ReportContent): PlotFacts[] {
  return Object.entries(reportPlots(content)).map(([name, svg]) => ({ name, svg }));
}

const NAMES: Readonly<Record<Role, string>> = {
  validation: 'validation',
  train: 'training data',
  test: 'test',
};
