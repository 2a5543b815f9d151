/** Training samples per class, from wherever they come, and where many, medium and few are cut. */
import { formatOfName } from '../../../array/array-format.js';
import { assertCounts } from '../../../array/class-counts.js';
import { TailorError } from '../../../array/errors.js';
import { parseCounts, readCounts } from '../../../data/read-counts.js';
import { type GroupThresholds, groupClasses } from '../../../evaluation/groups.js';
import type { Model } from '../../../features/model.js';
import { parseCountsText } from '../counts-text.js';
import type { CountsFacts, CountsSource } from '../protocol.js';
import { readBytes, readText } from '../read-bytes.js';
import type { HeldCounts, Session } from '../session.js';

const DOING = 'Reading class counts';

export async function setCounts(session: Session, source: CountsSource): Promise<CountsFacts> {
  const model = session.requireModel(DOING);
  const counts = await readCountsFrom(session, model, source);
  session.counts = counts;
  session.forgetResults();
  // Their losses were weighted by the counts before.
  session.fits.clear();
  return session.countsFacts()!;
}

export async function setThresholds(
  session: Session,
  thresholds: GroupThresholds | null,
): Promise<CountsFacts> {
  session.requireCounts('Grouping the classes');
  if (thresholds) groupClasses([], thresholds);
  session.thresholds = thresholds ?? undefined;
  session.forgetResults();
  return session.countsFacts()!;
}

async function readCountsFrom(session: Session, model: Model, source: CountsSource): Promise<HeldCounts> {
  const classCount = model.location.classes;
  const parse = (json: unknown, origin: string) =>
    parseCounts(json, origin, { classCount, classes: namesFor(session, model, json) });
  switch (source.kind) {
    case 'text':
      return { counts: parse(parseCountsText(source.text), 'what was typed'), from: 'typed', own: false };
    case 'numbers':
      return { counts: parse([...source.counts], 'what was typed'), from: 'typed', own: false };
    case 'file': {
      const { name, data } = source.file;
      if (formatOfName(name)) {
        const counts = await readCounts(await readBytes(name, data), {
          classCount,
          classes: model.classes,
          name,
        });
        return { counts, from: `labels of ${name}`, own: false };
      }
      return { counts: parse(parseCountsText(await readText(name, data)), name), from: name, own: false };
    }
    case 'set': {
      const { set } = session.requireSet(source.role, DOING);
      const { counts } = set;
      assertCounts(counts, classCount, `Counting the labels of ${set.name}`);
      return { counts, from: `labels of ${set.name}`, own: false };
    }
    case 'model': {
      if (model.trainCounts) return { counts: model.trainCounts, from: 'the model', own: true };
      throw new TailorError('COUNTS_INVALID', `${DOING}: the model does not say what it was trained on.`);
    }
  }
}

/** Names that the pairs of an object are found by: the model's, else those of a set, else indices. */
function namesFor(session: Session, model: Model, json: unknown): readonly string[] | undefined {
  if (model.classes || Array.isArray(json)) return model.classes;
  return [...session.sets.values()].find(({ set }) => set.classes)?.set.classes;
}
