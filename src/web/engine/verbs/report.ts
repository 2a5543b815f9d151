/** A report of the last model that was made, or else of the last diagnosis. */
import { TailorError } from '../../../array/errors.js';
import type { ReportContent } from '../../../report/content.js';
import { reportHtml } from '../../../report/html.js';
import { reportMarkdown } from '../../../report/markdown.js';
import { recalibrationContent } from '../../../report/recalibration-content.js';
import type { ReportResult, Role, Verbs } from '../protocol.js';
import type { CallContext } from '../serve.js';
import type { Session } from '../session.js';
import { contentOfDiagnosis, diagnoseSet, provenanceOf } from './diagnose.js';

export async function report(
  session: Session,
  { title }: Verbs['report']['request'],
  context: CallContext,
): Promise<ReportResult> {
  const { name } = session.requireModel('Writing a report');
  const content = session.made
    ? await contentOfRecalibration(session, title ?? `Recalibration of ${name}`, context)
    : session.lastDiagnosed.length > 0
      ? contentOfDiagnosis(session, title ?? `Diagnosis of ${name}`)
      : undefined;
  if (!content) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      'Writing a report: nothing was diagnosed and no model was made yet. Do either first.',
    );
  }
  const stem = name!.replace(/\.onnx$/i, '');
  const text = (type: string, content_: string) => new Blob([content_], { type });
  return {
    html: { name: `${stem}.report.html`, data: text('text/html', reportHtml(content)) },
    markdown: { name: `${stem}.report.md`, data: text('text/markdown', reportMarkdown(content)) },
  };
}

/** As the command line's `recalibrate --report`: what was diagnosed before is not computed again. */
async function contentOfRecalibration(
  session: Session,
  title: string,
  context: CallContext,
): Promise<ReportContent> {
  const { result, targetPrior } = session.made!;
  const roles = (['validation', 'train', 'test'] as const).filter((role) => session.sets.has(role));
  const look = async (role: Role) =>
    session.sets.has(role)
      ? (session.diagnoses.get(role) ?? (await diagnoseSet(session, role, context)))
      : undefined;
  const [train, validation] = [await look('train'), await look('validation')];
  return recalibrationContent(result, {
    title,
    train,
    validation,
    provenance: [
      ...provenanceOf(session, roles),
      ['target prior', typeof targetPrior === 'string' ? targetPrior : JSON.stringify(targetPrior)],
    ],
  });
}
