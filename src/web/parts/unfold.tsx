/** Details that are made only when somebody opens them: plots of a thousand classes are not light. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface UnfoldProps {
  readonly summary: string;
  readonly class?: string;
  readonly children: () => ComponentChildren;
}

export function Unfold({ summary, children, ...rest }: UnfoldProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details {...rest} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && children()}
    </details>
  );
}
