/** The end of a Parquet file, where its schema is and where its columns are. */
import { type FileMetaData, parquetMetadata } from 'hyparquet';
import type { ByteSource } from '../byte-source.js';
import { limit } from '../limits.js';
import { invalid, parsed, tooMuch, unsupported } from './refusal.js';
import { skipStructure } from './thrift.js';

const magicOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Reads the footer of a file; what it says of places and sizes is not checked yet. FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED. */
export async function readFooter(source: ByteSource): Promise<FileMetaData> {
  const { name, size } = source;
  if (size < 12) {
    throw invalid(name, size === 0 ? 'it is empty (0 bytes)' : `${size} bytes are too few for a file`);
  }
  const start = magicOf(await source.read(0, 4));
  const tail = await source.read(size - 8, 8);
  const end = magicOf(tail.subarray(4));
  if (start === 'PARE' || end === 'PARE') {
    throw unsupported(name, 'it is encrypted', 'Write it without encryption.');
  }
  if (start !== 'PAR1') throw invalid(name, 'it does not begin with PAR1: it is no Parquet file');
  if (end !== 'PAR1') throw invalid(name, 'it does not end in PAR1: it is cut off');
  const length = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true);
  if (length > size - 12) {
    throw invalid(name, `its footer should have ${length} bytes, but ${size - 12} are there`);
  }
  if (length > limit('parquetFooterBytes')) {
    const instead = 'Write fewer columns, or larger row groups.';
    throw tooMuch('parquetFooterBytes', name, `its footer has ${length} bytes`, instead);
  }
  const bytes = await source.read(size - 8 - length, length + 8);
  const footer = bytes.subarray(0, length);
  if (skipStructure(footer, 0, name, 'footer') === undefined) throw invalid(name, 'its footer is cut off');
  const metadata = parsed(name, 'footer', () => parquetMetadata(bytes, { geoparquet: false }));
  // A text that is not there, or is another thing, comes as it is.
  if (!metadata.schema.every((element) => typeof element.name === 'string'))
    throw invalid(name, 'an element of its schema has no name');
  const isText = (text: unknown) => text === undefined || typeof text === 'string';
  const written = metadata.key_value_metadata ?? [];
  if (!written.every(({ key, value }) => typeof key === 'string' && isText(value)))
    throw invalid(name, 'what is written with it has a key or value that is no text');
  return metadata;
}
