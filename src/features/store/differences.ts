/** What tells a store that is there from the one that was asked for. */
import type { StoreIdentity, StoreMaking } from './manifest.js';

/** In words, one for each thing; none where both hold the same. Without `times` copies of the data are the same data. */
export function differences(
  there: StoreIdentity,
  wanted: StoreIdentity,
  { times = true }: { times?: boolean } = {},
): string[] {
  const found: string[] = [];
  const { model, source } = there;
  if (model.sha256 !== wanted.model.sha256) {
    found.push(`the model (sha256 ${short(model.sha256)} there, ${short(wanted.model.sha256)} now)`);
  } else if (model.output !== wanted.model.output) {
    found.push(`the model's output ("${model.output}" there, "${wanted.model.output}" now)`);
  }
  if (there.preprocessSha256 !== wanted.preprocessSha256) {
    found.push(`the preprocessing (${json(there.preprocess)} there, ${json(wanted.preprocess)} now)`);
  }
  if (source.sha256 === null || wanted.source.sha256 === null) {
    found.push('perhaps the data, which is not in files and cannot be told from other data');
  } else if (source.sha256 !== wanted.source.sha256) {
    found.push(
      `the data (${source.name} with ${source.samples} samples there, ${wanted.source.name} with ${wanted.source.samples} now: ` +
        'names, sizes or labels differ)',
    );
  } else if (times && source.modified !== wanted.source.modified) {
    found.push(
      `the time of the data's newest file (${source.modified} there, ${wanted.source.modified} now; copies keep it with cp -p or rsync -t)`,
    );
  }
  if (there.samples !== wanted.samples) {
    found.push(`the number of samples (${there.samples} there, ${wanted.samples} now)`);
  }
  if (json(there.classes) !== json(wanted.classes)) found.push('the class names');
  return found;
}

/** The same for how the numbers are computed; undefined where that was not asked for. */
export function differencesOfMaking(there: StoreMaking, wanted: Partial<StoreMaking>): string[] {
  const found: string[] = [];
  for (const [key, what] of MAKING) {
    const now = wanted[key];
    if (now === undefined || there[key] === null || now === there[key]) continue;
    found.push(`the ${what} (${there[key]} there, ${now} now)`);
  }
  return found;
}

const MAKING = [
  ['batch', 'batch'],
  ['device', 'device'],
  ['shardRows', 'samples of a shard'],
] as const;

const short = (sha256: string) => `${sha256.slice(0, 12)}…`;
const json = (value: unknown) => JSON.stringify(value);
