/** --allow NAME=VALUE: limits of what files may ask for, raised for one run. */
import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { TailorError } from '../array/errors.js';
import { LIMIT_NAMES, LIMITS, type LimitName, limitOption, setLimits } from '../array/limits.js';
import type { Terminal } from './terminal.js';

const HELP = 'help';

/** --allow, of every command. The limits hold from the moment it is read; `--allow help` prints them and ends. */
export function addAllowOption(command: Command, terminal: Terminal): Command {
  return command.option(
    '--allow <name=value>',
    'raise a limit of what files may ask for, once for each; --allow help lists them all',
    (text: string, before: readonly string[] = []) => {
      if (text === HELP) {
        terminal.finish({ limits: LIMIT_NAMES.map(documentOf) }, describeLimits());
        throw new CommanderError(0, 'onnx-tailor.limits', 'limits were listed');
      }
      allow(text);
      return [...before, text];
    },
  );
}

function allow(text: string): void {
  const [, option, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (option === undefined) throw new InvalidArgumentError(`NAME=VALUE is needed.\n\n${describeLimits()}`);
  const name = LIMIT_NAMES.find((one) => limitOption(one) === option);
  if (!name) throw new InvalidArgumentError(`There is no limit of that name.\n\n${describeLimits()}`);
  // Not Number alone: of it nothing at all is 0, and 0x10 is 16.
  const number = /^\d+(\.\d+)?(e\+?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
  try {
    setLimits({ [name]: number });
  } catch (error) {
    if (!(error instanceof TailorError)) throw error;
    const { most = Number.MAX_SAFE_INTEGER, unit } = LIMITS[name];
    throw new InvalidArgumentError(
      `A whole number of ${unit} from 1 to ${most} is needed, as 400000000 or 4e8.`,
    );
  }
}

function documentOf(name: LimitName) {
  const { default: value, unit, reason, most } = LIMITS[name];
  return { name: limitOption(name), option: name, default: value, unit, reason, ...(most && { most }) };
}

function describeLimits(): string {
  const lines = LIMIT_NAMES.map((name) => {
    const { default: value, unit, reason } = LIMITS[name];
    return `  ${limitOption(name)}=${value} (${unit})\n      ${reason}`;
  });
  return ['Limits of what files may ask for, with what holds by default:', '', ...lines].join('\n');
}
