/** What several commands say at the end of --help. */

/** The grammar of openSource in short. */
export const SOURCES = `
Data sources <src>: [KIND:]PATH[?KEY=VALUE&...]
  a folder with one subfolder of pictures per class; .npz with images (uint8, N x H x W x 3 or 1)
  or inputs (as the model takes them) and labels; .npy; IDX files; CIFAR-10/100 binary files;
  tables (.csv, .tsv, .arff, packed as .gz or not); text files with lines of 'path label' (list:)
  KIND, where it cannot be told: folder, list, table, npz, npy, idx, cifar10, cifar100, cifar100-coarse
  KEY: split=train|test (CIFAR), labels=FILE (npz, npy, idx), order=name|number (numbered folders),
       target=COLUMN (table: where the class is), root=FOLDER (list: where the paths start);
       validation=20, test=20, longtail=100, seed=0 and part=train|validation|test draw a part by class`;

/** Which arguments may be `-`. */
export const STDIN_NOTE = `
The model and JSON files may be - for standard input.`;
