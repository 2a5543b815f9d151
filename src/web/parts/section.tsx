/** One step of the page. */
import type { ComponentChildren } from 'preact';
import type { Lack } from '../state.js';

/** A step's number, name and what it holds. */
export interface SectionProps {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  /** One sentence on what happens here. */
  readonly lead?: ComponentChildren;
  readonly busy?: boolean;
  readonly children: ComponentChildren;
}

export function Section({ id, number, title, lead, busy, children }: SectionProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} aria-busy={busy ? 'true' : 'false'}>
      {/* Can be focused by the page, to bring the user there; not by the tab key. */}
      <h2 id={`${id}-title`} tabIndex={-1}>
        <span class="number">{number}</span> {title}
      </h2>
      {lead && <p class="section-lead">{lead}</p>}
      {children}
    </section>
  );
}

/** What a step waits for, with the way there. */
export function Missing({ what, lacks }: { readonly what: string; readonly lacks: readonly Lack[] }) {
  return (
    <p class="empty">
      {what}{' '}
      {lacks.map(({ words, id }, i) => (
        <span key={words}>
          {i > 0 && (i === lacks.length - 1 ? ' and ' : ', ')}
          <a href={`#${id}`}>{words}</a>
        </span>
      ))}
      .
    </p>
  );
}

/** What stands where nothing is yet: what is missing, and what will be here. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
