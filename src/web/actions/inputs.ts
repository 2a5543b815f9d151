/** What the user brings: a model, sets of samples, training counts. */
import { countOf } from '../../report/words.js';
import type { FileInput, Verbs } from '../engine/protocol.js';
import type { Given } from '../files/dropped.js';
import { kindOf } from '../files/kind.js';
import { isRefusal, modelFiles } from '../files/sort-files.js';
import { headOf, INITIAL_SLIDERS, ROLES } from '../state.js';
import { type CountsActions, createCounts } from './counts.js';
import { createDataSets, type DataActions } from './data-sets.js';
import { modelHint } from './hints.js';
import type { LiveActions } from './live.js';
import { type Context, LOOKING } from './run.js';

/** Settings that a model is opened with. */
export type ModelSettings = Omit<Verbs['openModel']['request'], 'file' | 'sideFiles'>;

/** Actions on what the user brings. */
export interface InputActions extends CountsActions, Omit<DataActions, 'readAgain'> {
  openModel(given: Given): Promise<void>;
  /** As openModel, of a file that was looked at. */
  readModel(file: FileInput, sideFiles?: readonly FileInput[]): Promise<void>;
  /** The same file with other settings: another head, class names, preprocessing. Data are read again, for they may fit now. */
  reopenModel(settings: ModelSettings): Promise<void>;
  /** Files dropped beside every place: each goes where its kind belongs. */
  takeFiles(given: Given): Promise<void>;
}

/** `diagnose` is called when there is something new to look at. */
export function createInputs(
  context: Context,
  live: LiveActions,
  diagnose: () => Promise<void>,
): InputActions {
  const { store, engine, run, look, clear, refuse, say } = context;
  const counts = createCounts(context, live, diagnose);
  const { readAgain, ...data } = createDataSets(context, { live, counts, diagnose });

  /** Whether it could be opened. */
  async function open(
    file: FileInput,
    sideFiles: readonly FileInput[],
    settings: ModelSettings = {},
  ): Promise<boolean> {
    const opened = await run(
      'model',
      `Opening ${file.name}`,
      async (options) => ({
        facts: await engine.call('openModel', { file, sideFiles, ...settings }, options),
        file,
        sideFiles,
      }),
      modelHint,
    );
    if (!opened) return false;
    const { head, name, counts: own } = opened.facts;
    clear('counts', ...ROLES, 'diagnosis', 'temperature', 'fit', 'search', 'made', 'report');
    store.set(({ slots }) => ({
      slots: { ...slots, counts: own ? { value: own } : {} },
      sliders: INITIAL_SLIDERS,
      fits: [],
      drafts: {},
      skipMissing: false,
    }));
    await live.load();
    say(
      head
        ? `${name} opened: ${countOf(head.classes, 'class', 'classes')}, ${countOf(head.dimensions, 'dimension')}.`
        : `${name} opened, but its head cannot be used.`,
    );
    return true;
  }

  async function readModel(file: FileInput, sideFiles: readonly FileInput[] = []): Promise<void> {
    if (await open(file, sideFiles)) await readAgain(false);
  }

  async function openModel(given: Given): Promise<void> {
    const found = await look('model', LOOKING, Promise.resolve(given));
    if (!found?.length) return;
    const files = modelFiles(found);
    if (isRefusal(files)) refuse('model', files.refused, files.hint);
    else await readModel(files.file, files.sideFiles);
  }

  return {
    ...counts,
    ...data,
    readModel,
    openModel,

    async reopenModel(settings) {
      const { slots } = store.state;
      const { value } = slots.model;
      if (!value) return;
      const classes = headOf(store.state)?.classes;
      const typed = slots.counts.value;
      if (!(await open(value.file, value.sideFiles, settings))) return;
      if (typed && typed.from !== value.facts.counts?.from && headOf(store.state)?.classes === classes) {
        await counts.setCounts({ kind: 'numbers', counts: typed.counts });
      }
      await readAgain(true);
    },

    async takeFiles(given) {
      const found = await look('model', LOOKING, Promise.resolve(given));
      if (!found?.length) return;
      const of = (...kinds: string[]) => found.filter(({ path }) => kinds.includes(kindOf(path)));
      const features = found.filter(({ path }) => path.includes('/') || kindOf(path) === 'features');
      const texts = of('text').filter(({ path }) => !path.includes('/'));
      if (of('model').length > 0) await openModel(of('model', 'other', 'weights'));
      else if (features.length + texts.length === 0) await openModel(found);
      if (texts.length > 0) await counts.setCountsFile(texts);
      if (features.length > 0) await data.addData('validation', features);
    },
  };
}
