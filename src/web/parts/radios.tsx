/** One of several, as round buttons. */
import type { ComponentChildren } from 'preact';

interface RadiosProps<T extends string> {
  /** What the buttons have in common; one such group a page. */
  readonly name: string;
  readonly values: readonly T[];
  readonly chosen: T | undefined;
  readonly disabled?: (value: T) => boolean;
  readonly onChoose: (value: T) => void;
  /** What stands beside a button. */
  readonly children: (value: T) => ComponentChildren;
}

export function Radios<T extends string>({
  name,
  values,
  chosen,
  disabled,
  onChoose,
  children,
}: RadiosProps<T>) {
  return values.map((value) => (
    <label key={value}>
      <input
        type="radio"
        name={name}
        checked={value === chosen}
        disabled={disabled?.(value)}
        onChange={() => onChoose(value)}
      />
      <span>{children(value)}</span>
    </label>
  ));
}
