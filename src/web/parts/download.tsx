/** A link that saves a file. */
import type { ComponentChildren } from 'preact';
import type { FileOutput } from '../engine/protocol.js';

/** One address per file, given back when the file is gone. */
const addresses = new WeakMap<Blob, string>();
const forgotten = new FinalizationRegistry<string>((address) => URL.revokeObjectURL(address));

function addressOf(data: Blob): string {
  const known = addresses.get(data);
  if (known !== undefined) return known;
  const address = URL.createObjectURL(data);
  addresses.set(data, address);
  forgotten.register(data, address);
  return address;
}

export interface DownloadProps {
  readonly file: FileOutput;
  readonly primary?: boolean;
  readonly small?: boolean;
  readonly children: ComponentChildren;
}

export function Download({ file, primary, small, children }: DownloadProps) {
  return (
    <a
      class={`button${primary ? ' primary' : ''}${small ? ' little' : ''}`}
      href={addressOf(file.data)}
      download={file.name}
    >
      {children}
    </a>
  );
}
