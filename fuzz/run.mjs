// npm run fuzz -- [KIND…|all] [--seconds N] [--cases N] [--seed S] [--case N] [--keep DIR] [--json FILE]
//
// Damages files of each kind in ways that know their structure, and uses them as programs and people do. A case fails where the
// process dies, hangs for 5 s, takes more than 1 GB, throws what is no TailorError, leaves a file behind an error, shows people a
// program's words or control characters, or takes a file for what it is not. A case is known by kind, seed and number: --case replays one.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.mjs';
import { KINDS } from './kinds/index.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'string' },
    'command-every': { type: 'string' },
  },
});
const asked = positionals.length === 0 || positionals.includes('all') ? Object.keys(KINDS) : positionals;
const unknown = asked.find((kind) => !(kind in KINDS));
if (unknown) {
  console.error(`There is no kind ${unknown}; there are ${Object.keys(KINDS).join(', ')} and all.`);
  process.exit(2);
}
const number = (text) => (text === undefined ? undefined : Number(text));
const one = number(values.case);
const summaries = [];
for (const kind of asked) {
  const summary = await runCampaign({
    kind,
    seed: Number(values.seed),
    keep: values.keep,
    ...(one === undefined
      ? {
          seconds: number(values.seconds) ?? (values.cases ? undefined : 60),
          cases: number(values.cases),
          commandEvery: number(values['command-every']),
        }
      : { from: one, cases: 1, commandEvery: number(values['command-every']) ?? 0 }),
    onFailure: ({ case: which, how, fault, kept }) =>
      console.error(
        `${kind} --seed ${values.seed} --case ${which} (${how})${kept ? `, kept in ${kept}` : ''}: ${fault}`,
      ),
  });
  summaries.push(summary);
  const refused = Object.entries(summary.refused).sort((a, b) => b[1] - a[1]);
  console.log(
    `${kind}: ${summary.cases} cases and ${summary.commands} commands in ${summary.seconds.toFixed(0)} s; ${summary.accepted} accepted, ` +
      `${refused.map(([code, times]) => `${times} ${code}`).join(', ')}; slowest ${summary.slowest.toFixed(2)} s, ` +
      `most memory ${summary.mebibytes.toFixed(0)} MiB; ${summary.failures.length} failed`,
  );
  if (one !== undefined) console.log(summary.details);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(summaries, null, 2)}\n`);
if (summaries.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
