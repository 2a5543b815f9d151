/** What packed the pages of a Parquet file, and how it is undone. */
import { allocate } from '../allocate.js';
import { gunzip } from '../inflate.js';
import { limit } from '../limits.js';
import { invalid, parsed, tooMuch, unsupported } from './refusal.js';
import { unpackSnappy } from './snappy.js';
import { unpackZstd } from './zstd.js';

/** Unpacks to exactly `bytes` bytes. FORMAT_INVALID, FORMAT_UNSUPPORTED (other codecs), LIMIT_EXCEEDED. */
export function unpack(packed: Uint8Array, codec: string, bytes: number, name: string): Uint8Array {
  if (bytes > limit('parquetPageBytes')) {
    const instead = 'Write smaller pages (pyarrow: data_page_size).';
    throw tooMuch('parquetPageBytes', name, `a page has ${bytes} bytes`, instead);
  }
  const fill = (unpackTo: (packed: Uint8Array, output: Uint8Array) => void): Uint8Array => {
    const output = allocate<Uint8Array>(Uint8Array, bytes, `Reading ${name}`);
    unpackTo(packed, output);
    return output;
  };
  const unpacked = parsed(name, `page packed by ${codec}`, () => {
    switch (codec) {
      case 'UNCOMPRESSED':
        return packed;
      case 'SNAPPY':
        return fill(unpackSnappy);
      case 'GZIP':
        return gunzip(packed, name);
      case 'ZSTD':
        return fill(unpackZstd);
      default:
        throw unsupported(
          name,
          `it is packed by ${codec ?? 'what no name is known of'}; snappy, gzip, zstd and nothing at all are read`,
          'Write it with one of these (pyarrow: compression="snappy").',
        );
    }
  });
  if (unpacked.length === bytes) return unpacked;
  throw invalid(name, `a page unpacks to ${unpacked.length} bytes instead of ${bytes}`);
}
