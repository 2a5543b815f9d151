/** A slider with a field for the exact value. */
import type { ComponentChildren, TargetedEvent } from 'preact';

export interface SliderProps {
  readonly id: string;
  readonly label: ComponentChildren;
  /** For assistive technology: 'tau', where the label has symbols. */
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** Of the slider; with `log` in powers of ten. */
  readonly step: number;
  /** The slider moves by factors instead of differences. */
  readonly log?: boolean;
  /** Words below its ends. */
  readonly ends: readonly [low: string, high: string];
  /** What the value means, said after it. */
  readonly meaning?: string;
  /** Shown instead of the exact value, where a number would say nothing. */
  readonly words?: string;
  /** Lowest value that may be typed; the slider's own range does not bind it. */
  readonly above?: number;
  readonly disabled?: boolean;
  readonly onValue: (value: number) => void;
}

export function Slider(props: SliderProps) {
  const { id, label, name, value, min, max, step, log, ends, meaning, words, above, disabled, onValue } =
    props;
  const slide = (event: TargetedEvent<HTMLInputElement>) => {
    const at = event.currentTarget.valueAsNumber;
    // No more digits than can be meant: the value is written into file and command as it is.
    onValue(log ? Number((10 ** at).toPrecision(3)) : Number(at.toFixed(4)));
  };
  const type = (event: TargetedEvent<HTMLInputElement>) => {
    const typed = event.currentTarget.valueAsNumber;
    if (Number.isFinite(typed) && (above === undefined || typed > above)) onValue(typed);
    else event.currentTarget.value = `${value}`;
  };
  return (
    <div class="slider">
      <div class="slider-top">
        <label for={id}>{label}</label>
        {words === undefined ? (
          <input
            type="number"
            class="exact"
            aria-label={`${name}, exact value`}
            step="any"
            value={value}
            disabled={disabled}
            onChange={type}
          />
        ) : (
          <span class="slider-words">{words}</span>
        )}
      </div>
      <input
        id={id}
        type="range"
        min={log ? Math.log10(min) : min}
        max={log ? Math.log10(max) : max}
        step={step}
        value={log ? Math.log10(value) : value}
        aria-label={name}
        aria-valuetext={meaning ? `${value}, ${meaning}` : `${value}`}
        disabled={disabled}
        onInput={slide}
      />
      <div class="ends" aria-hidden="true">
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </div>
    </div>
  );
}
