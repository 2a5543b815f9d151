/** Files out of a drop or a picker, with their paths where whole folders were given. */

/** A file and where it was: 'val/cat/01.png', or its name alone. */
export interface FoundFile {
  readonly path: string;
  readonly file: File;
}

/** Files, or folders that are being looked through. */
export type Given = readonly FoundFile[] | Promise<readonly FoundFile[]>;

/** Files of a picker; those of a chosen folder have their paths. */
export function pickedFiles(list: FileList): FoundFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/**
 * Files of a drop, folders opened. Several folders dropped at once are taken as the folders of one, as if their parent had
 * been dropped.
 */
export function droppedFiles(transfer: DataTransfer): Promise<FoundFile[]> {
  // Items are gone once the event is over: nothing may be awaited before the last was asked for.
  const entries = Array.from(transfer.items)
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const several = entries.filter(({ entry }) => entry?.isDirectory).length > 1;
  return Promise.all(
    entries.map(async ({ entry, file }) => {
      if (entry?.isDirectory) return filesBelow(entry as FileSystemDirectoryEntry, several ? 'dropped/' : '');
      return file ? [{ path: file.name, file }] : [];
    }),
  ).then((lists) => lists.flat());
}

async function filesBelow(folder: FileSystemDirectoryEntry, parent: string): Promise<FoundFile[]> {
  const path = `${parent}${folder.name}/`;
  const found: FoundFile[] = [];
  for (const entry of await listEntries(folder)) {
    if (entry.isDirectory) found.push(...(await filesBelow(entry as FileSystemDirectoryEntry, path)));
    else found.push({ path: `${path}${entry.name}`, file: await fileOf(entry as FileSystemFileEntry) });
  }
  return found;
}

/** A reader gives a hundred entries at a time, and none at the end. */
async function listEntries(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
