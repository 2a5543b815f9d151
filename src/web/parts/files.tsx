/** Ways to give files: buttons that open the system's picker, and a place to drop them on. */
import type { ComponentChildren, TargetedDragEvent, TargetedEvent } from 'preact';
import { droppedFiles, type Given, pickedFiles } from '../files/dropped.js';

export interface FileButtonProps {
  /** What stands on the button. */
  readonly label: string;
  /** What it is for, where the label alone does not say: 'Validation'. */
  readonly purpose: string;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly little?: boolean;
  /** Pick a folder with all that is in it. */
  readonly folder?: boolean;
  readonly onFiles: (given: Given) => void;
}

/** The input itself has the focus and the keys; the label around it is what is seen. */
export function FileButton({ label, purpose, accept, multiple, folder, little, onFiles }: FileButtonProps) {
  const take = (event: TargetedEvent<HTMLInputElement>) => {
    const input = event.currentTarget;
    const found = input.files ? pickedFiles(input.files) : [];
    // The same file can then be chosen again.
    input.value = '';
    if (found.length > 0) onFiles(found);
  };
  return (
    <label class={little ? 'button little' : 'button'}>
      {label}
      <input
        type="file"
        class="unseen"
        aria-label={`${label}: ${purpose}`}
        accept={accept}
        multiple={multiple || folder}
        onChange={take}
        {...(folder && { webkitdirectory: true })}
      />
    </label>
  );
}

export interface DropZoneProps {
  /** Name of the place for assistive technology. */
  readonly label: string;
  readonly filled?: boolean;
  readonly onFiles: (given: Given) => void;
  readonly children: ComponentChildren;
}

/** A place to drop files on; what can be done by dropping can be done by the buttons in it as well. */
export function DropZone({ label, filled, onFiles, children }: DropZoneProps) {
  const over = (event: TargetedDragEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    event.currentTarget.dataset.over = 'true';
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  };
  const leave = (event: TargetedDragEvent<HTMLElement>) => {
    const { currentTarget, relatedTarget } = event;
    if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget)))
      delete currentTarget.dataset.over;
  };
  const drop = (event: TargetedDragEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    delete event.currentTarget.dataset.over;
    if (event.dataTransfer) onFiles(droppedFiles(event.dataTransfer));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend that is seen
    <div
      role="group"
      aria-label={label}
      class={filled ? 'drop filled' : 'drop'}
      onDragEnter={over}
      onDragOver={over}
      onDragLeave={leave}
      onDrop={drop}
    >
      {children}
    </div>
  );
}
