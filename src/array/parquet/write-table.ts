/** Writes Parquet tables: rows of numbers, texts, and lists of float32 of one length. */
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { breathe } from '../breathe.js';
import { VERSION } from '../version.js';

/** A column of N rows. */
export type TableColumn =
  | { readonly kind: 'list'; readonly name: string; readonly data: Float32Array; readonly width: number }
  | { readonly kind: 'int32'; readonly name: string; readonly data: Int32Array }
  | { readonly kind: 'text'; readonly name: string; readonly data: readonly string[] };

/** Numbers of a row group: 4 MB, which readers hold at once. */
const GROUP_NUMBERS = 2 ** 20;

/**
 * The bytes of the file, row group by row group: every value is there (REQUIRED), lists as `list<element: float>`, numbers neither
 * packed nor in dictionaries, and no statistics of lists. Same table, same bytes. Memory: some ten times a row group.
 * @param metadata texts that are written with the file.
 */
export async function* tableChunks(
  columns: readonly TableColumn[],
  rows: number,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(schemaOf)],
    codec: 'UNCOMPRESSED',
    createdBy: `onnx-tailor version ${VERSION}`,
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  const written = () => {
    const bytes = writer.getBytes().slice();
    // The place in the file goes on; that in the buffer begins again.
    writer.index = 0;
    return bytes;
  };
  const width = columns.reduce((sum, column) => sum + (column.kind === 'list' ? column.width : 1), 0);
  const groupRows = Math.max(1, Math.floor(GROUP_NUMBERS / width));
  for (let from = 0; from < rows; from += groupRows) {
    const to = Math.min(rows, from + groupRows);
    await file.write({ columnData: columns.map((one) => partOf(one, from, to)), rowGroupSize: to - from });
    yield written();
    await breathe();
  }
  await file.finish();
  yield written();
}

function schemaOf({ kind, name }: TableColumn): SchemaElement[] {
  switch (kind) {
    case 'list':
      return [
        {
          ...{ name, repetition_type: 'REQUIRED', num_children: 1 },
          ...{ converted_type: 'LIST', logical_type: { type: 'LIST' } },
        },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'REQUIRED', type: 'FLOAT' },
      ];
    case 'int32':
      return [{ name, repetition_type: 'REQUIRED', type: 'INT32' }];
    case 'text':
      return [
        {
          ...{ name, repetition_type: 'REQUIRED', type: 'BYTE_ARRAY' },
          ...{ converted_type: 'UTF8', logical_type: { type: 'STRING' } },
        },
      ];
  }
}

function partOf(column: TableColumn, from: number, to: number): ColumnSource {
  const { name, data, kind } = column;
  if (kind === 'text') return { name, data: data.slice(from, to) };
  if (kind === 'int32') return { name, data: data.subarray(from, to), encoding: 'PLAIN' };
  const { width } = column;
  // The library takes lists as arrays of their own.
  const lists = Array.from({ length: to - from }, (_, i) =>
    Array.from(data.subarray((from + i) * width, (from + i + 1) * width)),
  );
  return { name, data: lists, encoding: 'PLAIN', statistics: false };
}
