/** A function for each verb, over one session. */
import type { Handlers } from './serve.js';
import type { Session } from './session.js';
import { setCounts, setThresholds } from './verbs/counts.js';
import { addData, logits, removeData, saveData } from './verbs/data.js';
import { diagnoseVerb } from './verbs/diagnose.js';
import { fitVerb } from './verbs/fit.js';
import { make, temperature } from './verbs/make.js';
import { openModelVerb } from './verbs/open-model.js';
import { report } from './verbs/report.js';
import { start } from './verbs/start.js';

/** What the worker answers with. */
export function handlersOf(session: Session): Handlers {
  return {
    start: () => start(session),
    openModel: (request) => openModelVerb(session, request),
    setCounts: ({ source }) => setCounts(session, source),
    setThresholds: ({ thresholds }) => setThresholds(session, thresholds),
    addData: (request, context) => addData(session, request, context),
    removeData: ({ role }) => removeData(session, role),
    saveData: ({ role }) => saveData(session, role),
    logits: ({ role }) => logits(session, role),
    diagnose: (request, context) => diagnoseVerb(session, request, context),
    fit: (request, context) => fitVerb(session, request, context),
    temperature: ({ choice }, context) => temperature(session, choice, context),
    make: (request, context) => make(session, request, context),
    report: (request, context) => report(session, request, context),
  };
}
