/** Sets of samples: read, kept while a model is missing or opened anew, removed. */
import { countOf } from '../../report/words.js';
import type { DataInput, Role } from '../engine/protocol.js';
import type { Given } from '../files/dropped.js';
import { dataFiles, isRefusal } from '../files/sort-files.js';
import { hasGraphicsCard, headOf, type State } from '../state.js';
import type { CountsActions } from './counts.js';
import { dataHint } from './hints.js';
import type { LiveActions } from './live.js';
import { type Context, LOOKING } from './run.js';

/** What the page calls the roles. */
export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  validation: 'Validation',
  train: 'Training',
  test: 'Test',
};

/** Validation first: it is what one waits for. */
const ORDER: readonly Role[] = ['validation', 'test', 'train'];

export interface DataActions {
  addData(role: Role, given: Given): Promise<void>;
  /** Sets that were looked at, one after the other. */
  readData(inputs: Partial<Record<Role, DataInput>>): Promise<void>;
  removeData(role: Role): Promise<void>;
  /** After a model was opened: reads what has waited for it, and what there was if it is the same model again. */
  readAgain(isSameModel: boolean): Promise<void>;
}

/** What is needed of other actions; `diagnose` is called when there is something new to look at. */
export interface DataNeeds {
  readonly live: LiveActions;
  readonly counts: CountsActions;
  readonly diagnose: () => Promise<void>;
}

export function createDataSets(context: Context, { live, counts, diagnose }: DataNeeds): DataActions {
  const { store, engine, run, look, clear, refuse, say } = context;
  /** What was given last, and whether it was read. */
  const given = new Map<Role, { readonly input: DataInput; isRead: boolean }>();

  /** Whether it is there now. */
  async function read(role: Role, input: DataInput): Promise<boolean> {
    const name = nameOf(input);
    const entry = { input, isRead: false };
    if (!headOf(store.state)) {
      given.set(role, entry);
      refuse(
        role,
        `There is no model yet that ${name} could be for.`,
        'Open one under 1: these data are then read.',
      );
      return false;
    }
    const facts = await run(
      role,
      `Reading ${name}`,
      (options) => engine.call('addData', { role, input, device: deviceOf(store.state) }, options),
      dataHint,
    );
    if (!facts) return false;
    given.set(role, { ...entry, isRead: true });
    clear('search', 'made', 'report');
    if (role === 'train') {
      clear('fit');
      store.set({ fits: [] });
    }
    if (role === 'validation') {
      clear('temperature');
      await live.load();
    }
    say(`${ROLE_NAMES[role]}: ${countOf(facts.samples, 'sample')} of ${facts.name}.`);
    return true;
  }

  async function readAll(inputs: readonly (readonly [Role, DataInput])[]): Promise<void> {
    const found: Role[] = [];
    for (const [role, input] of inputs) if (await read(role, input)) found.push(role);
    if (found.includes('train') && !store.state.slots.counts.value) {
      // Its labels are the best guess at what the model was trained on, until somebody says otherwise.
      await counts.setCounts({ kind: 'set', role: 'train' });
    } else if (found.some((role) => role !== 'test')) await diagnose();
  }

  const inOrder = <T>(of: (role: Role) => T | undefined) =>
    ORDER.flatMap((role) => {
      const found = of(role);
      return found === undefined ? [] : [[role, found] as const];
    });

  return {
    readData: (inputs) => readAll(inOrder((role) => inputs[role])),

    async addData(role, files) {
      const found = await look(role, LOOKING, Promise.resolve(files));
      if (!found?.length) return;
      const input = dataFiles(found);
      if (isRefusal(input)) refuse(role, input.refused, input.hint);
      else await readAll([[role, input]]);
    },

    async removeData(role) {
      given.delete(role);
      clear(role, 'search', 'made', 'report');
      await engine.call('removeData', { role }).catch(() => null);
      say(`${ROLE_NAMES[role]} removed.`);
      if (role === 'train') store.set({ fits: [] });
      if (role === 'validation') {
        clear('temperature');
        await live.load();
      }
      if (role !== 'test') await diagnose();
    },

    async readAgain(isSameModel) {
      const wanted = inOrder((role) => {
        const entry = given.get(role);
        return entry && (isSameModel || !entry.isRead) ? entry.input : undefined;
      });
      given.clear();
      if (wanted.length > 0) await readAll(wanted);
    },
  };
}

/** Of a run of the model; the worker's own is the processor. */
const deviceOf = (state: State) => (state.useGraphicsCard && hasGraphicsCard(state) ? 'webgpu' : undefined);

function nameOf(input: DataInput): string {
  return input.kind === 'npz' ? input.file.name : input.files[0].path.split('/')[0];
}
