/** Pairs of what and which. */
import type { ComponentChildren } from 'preact';

export type Fact = readonly [what: string, which: ComponentChildren];

/** Small pairs, one below the other. Those without a value are left out. */
export function Facts({ facts }: { readonly facts: readonly (Fact | false | undefined)[] }) {
  const shown = facts.filter((fact): fact is Fact => Boolean(fact));
  return (
    <dl class="provenance">
      {shown.map(([what, which]) => [<dt key={`${what}-name`}>{what}</dt>, <dd key={what}>{which}</dd>])}
    </dl>
  );
}

/** Remarks that the library makes. */
export function Notes({ notes }: { readonly notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <ul class="remarks">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

/** A key figure, as in the report. */
export function Tile({
  name,
  from,
  value,
  gloss,
}: {
  readonly name: string;
  readonly from?: string;
  readonly value: string;
  readonly gloss?: string;
}) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class="value">
        {from !== undefined && <span class="from">{from} → </span>}
        {value}
      </dd>
      {gloss && <dd class="gloss">{gloss}</dd>}
    </div>
  );
}
