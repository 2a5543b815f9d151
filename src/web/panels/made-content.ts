/** A made model as the report sees it, so that both say it in the same words. */
import type { ReportContent } from '../../report/content.js';
import type { MadeModel } from '../engine/protocol.js';

export function contentOfMade(made: MadeModel): ReportContent {
  const { method, parameters, kept, improvement, selectedOn, selection, notes, verification, test } = made;
  const validation = {
    setName: 'validation',
    before: made.before,
    after: made.after,
    ...(!kept && selection && { note: 'The head was chosen on these samples: “after” is optimistic.' }),
  };
  return {
    title: made.file.name,
    evaluations: [...(test ? [{ setName: 'test', before: test.before, after: test.after }] : []), validation],
    recalibration: {
      method,
      parameters,
      kept,
      improvement,
      selectedOn,
      outOfFold: Boolean(selection),
      notes,
      verification,
    },
    provenance: [],
  };
}
