/** The columns of a Parquet file that hold one value a row, or one list of them: what they are, and where they lie. */
import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet';
import { listNames } from '../text.js';
import { invalid, parsed, unsupported } from './refusal.js';

/** Types of values that are read. */
export type ValueType =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'string';

/** The values of a column in one row group. */
export interface Chunk {
  /** Where its pages lie in the file. */
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly values: number;
  readonly codec: string;
}

/** A column that can be read. */
export interface Column {
  readonly name: string;
  readonly type: ValueType;
  /** Values of a row in a list; undefined for a column of single values. */
  readonly width: number | undefined;
  /** What marks a value that is there, and the bits it takes. */
  readonly maxDefinition: number;
  readonly chunks: readonly Chunk[];
}

/** What the footer says, checked against the size of the file. */
export interface TableLayout {
  readonly rows: number;
  /** Names of all columns. */
  readonly names: readonly string[];
  /** FORMAT_INVALID, FORMAT_UNSUPPORTED when the column is of a kind that is not read. */
  column(name: string): Column;
}

/** Checks the sizes; columns when they are asked for. FORMAT_INVALID. */
export function tableLayout(footer: FileMetaData, size: number, file: string): TableLayout {
  const root = parsed(file, 'schema', () => parquetSchema(footer));
  const names = root.children.map(({ element }) => element.name);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw invalid(file, `two columns are named ${name}`);
    seen.add(name);
  }
  const rows = whole(footer.num_rows, file, 'number of rows');
  const groups = footer.row_groups.map((group) => whole(group.num_rows, file, 'number of rows of a group'));
  const inGroups = groups.reduce((sum, count) => sum + count, 0);
  if (inGroups !== rows) throw invalid(file, `it says ${rows} rows, but its row groups have ${inGroups}`);
  const leafNumbers = numberLeaves(root);

  return {
    rows,
    names,
    column(name) {
      const tree = root.children.find(({ element }) => element.name === name);
      if (!tree) throw invalid(file, `there is no column ${name}; it has ${listNames(names, 20)}`);
      const path = pathToLeaf(tree, file);
      const leaf = path[path.length - 1];
      const type = typeOf(leaf.element, name, file);
      const isRepeated = ({ element }: SchemaTree) => element.repetition_type === 'REPEATED';
      const chunks = footer.row_groups.map((group, g) =>
        chunkOf(group.columns?.[leafNumbers.get(leaf)!], leaf, groups[g], size, file),
      );
      const total = chunks.reduce((sum, chunk) => sum + chunk.values, 0);
      const repeated = path.filter(isRepeated).length;
      if (repeated > 1) {
        throw unsupported(file, `column ${name} has lists in lists`, 'A list of numbers a row is read.');
      }
      const width = repeated === 1 ? widthOf(total, rows, name, file) : undefined;
      for (const { values, rows: n } of chunks) {
        if (values === n * (width ?? 1)) continue;
        throw invalid(
          file,
          `column ${name} has ${values} values in a group of ${n} rows; ${width ?? 1} a row are needed`,
        );
      }
      const maxDefinition = path.filter(({ element }) => element.repetition_type !== 'REQUIRED').length;
      return { name, type, width, maxDefinition, chunks };
    },
  };
}

/** Chunks of a row group stand in the order of the leaves. */
function numberLeaves(root: SchemaTree): Map<SchemaTree, number> {
  const numbers = new Map<SchemaTree, number>();
  const visit = (tree: SchemaTree): void => {
    if (tree.children.length === 0) numbers.set(tree, numbers.size);
    else tree.children.forEach(visit);
  };
  root.children.forEach(visit);
  return numbers;
}

function pathToLeaf(tree: SchemaTree, file: string): SchemaTree[] {
  const path = [tree];
  for (let node = tree; node.children.length > 0; ) {
    if (node.children.length > 1) {
      throw unsupported(
        file,
        `column ${tree.element.name} has fields of its own`,
        'A number, a text or a list of numbers a row is read.',
      );
    }
    node = node.children[0];
    path.push(node);
  }
  return path;
}

/** The same for every row: a list of features is never empty. */
function widthOf(values: number, rows: number, name: string, file: string): number {
  const width = values / rows;
  if (rows === 0 || (Number.isInteger(width) && width > 0)) return rows === 0 ? 0 : width;
  throw invalid(
    file,
    `column ${name} has ${values} values in ${rows} rows: its lists differ in length, or are empty or null`,
  );
}

function chunkOf(
  chunk: FileMetaData['row_groups'][number]['columns'][number] | undefined,
  leaf: SchemaTree,
  rows: number,
  size: number,
  file: string,
): Chunk {
  const column = leaf.path.join('.');
  const meta = chunk?.meta_data;
  if (!chunk || !meta || chunk.crypto_metadata) {
    throw unsupported(file, `column ${column} is encrypted or missing`, 'Write it without encryption.');
  }
  if (chunk.file_path) {
    throw unsupported(file, `column ${column} lies in another file`, 'Write all columns into one file.');
  }
  if (meta.path_in_schema.join('.') !== column) {
    throw invalid(file, `column ${meta.path_in_schema.join('.')} stands where ${column} should`);
  }
  const data = whole(meta.data_page_offset, file, 'offset');
  const dictionary = whole(meta.dictionary_page_offset ?? 0, file, 'offset');
  const start = dictionary > 0 ? Math.min(dictionary, data) : data;
  const end = start + whole(meta.total_compressed_size, file, 'size');
  if (start < 4 || end > size - 12) {
    throw invalid(file, `column ${column} should be at bytes ${start} to ${end} of ${size}`);
  }
  return { start, end, rows, values: whole(meta.num_values, file, 'number of values'), codec: meta.codec };
}

function typeOf(element: SchemaElement, name: string, file: string): ValueType {
  const { type, converted_type: converted, logical_type: logical } = element;
  const unsigned = converted?.startsWith('UINT_') || (logical?.type === 'INTEGER' && !logical.isSigned);
  const plain =
    (!converted || /^U?INT_(8|16|32|64)$/.test(converted)) && (!logical || logical.type === 'INTEGER');
  if (type === 'FLOAT' && !logical) return 'float32';
  if (type === 'DOUBLE' && !logical) return 'float64';
  if (type === 'FIXED_LEN_BYTE_ARRAY' && logical?.type === 'FLOAT16' && element.type_length === 2)
    return 'float16';
  if (type === 'INT32' && plain) return unsigned ? 'uint32' : 'int32';
  if (type === 'INT64' && plain) return unsigned ? 'uint64' : 'int64';
  if (type === 'BYTE_ARRAY' && (converted === 'UTF8' || logical?.type === 'STRING')) return 'string';
  throw unsupported(
    file,
    `column ${name} is of type ${[type, logical?.type ?? converted].filter(Boolean).join(' ')}`,
    'Floats, integers and texts (UTF-8) are read: cast it.',
  );
}

/** A whole number from 0, as the footer has it. */
function whole(value: unknown, file: string, what: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw invalid(file, `its footer has an impossible ${what}`);
}
