/** Accuracies before and after as bars, in a table that can be read without them. */
import { GROUPS, type Group } from '../../evaluation/groups.js';
import { countOf, percent, points } from '../../report/words.js';
import type { LiveFigures } from '../state.js';
import { GroupMark } from './group-mark.js';

export interface BarsProps {
  readonly caption: string;
  readonly before: LiveFigures;
  readonly after: LiveFigures;
  /** Group of each class, for the sizes. */
  readonly groups: readonly Group[];
  /** Whether the target prior is another than uniform, so that there is something to expect beside the average. */
  readonly weighted: boolean;
}

export function Bars({ caption, before, after, groups, weighted }: BarsProps) {
  const sizeOf = (group: Group) => groups.reduce((n, one) => n + (one === group ? 1 : 0), 0);
  return (
    <table class="bars">
      <caption>{caption}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">classes</th>
          <th scope="col">before and after</th>
          <th scope="col">change in points</th>
        </tr>
      </thead>
      <tbody>
        {weighted && (
          <Row name="expected" more="as made for" before={before.expected} after={after.expected} />
        )}
        <Row name="average" more="all classes" before={before.average} after={after.average} />
        {GROUPS.filter((group) => before[group] !== undefined).map((group) => (
          <Row
            key={group}
            name={group}
            group={group}
            more={countOf(sizeOf(group), 'class', 'classes')}
            before={before[group]!}
            after={after[group] ?? 0}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly name: string;
  readonly more: string;
  readonly group?: Group;
  readonly before: number;
  readonly after: number;
}

function Row({ name, more, group, before, after }: RowProps) {
  const width = (share: number) => ({ width: `${share * 100}%` });
  return (
    <tr class={group ?? 'all'}>
      <th scope="row">
        <span class="bar-name">
          {group && <GroupMark group={group} />}
          {name}
        </span>
        <span class="more">{more}</span>
      </th>
      <td class="bar-cell">
        <span class="bar-words">
          <span class="from">{percent(before)} → </span>
          <strong>{percent(after)}</strong>
        </span>
        <span class="track" aria-hidden="true">
          <span class="bar before" style={width(before)} />
          <span class="bar after" style={width(after)} />
        </span>
      </td>
      <td class="change">{points(after - before)}</td>
    </tr>
  );
}
