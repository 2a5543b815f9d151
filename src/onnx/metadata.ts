/** The model's metadata_props: keys and values beside the graph. */
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema } from 'onnx-buf';
import type { ModelFile } from './model-file.js';
import type { Edit } from './splice.js';

/** `ModelProto.metadata_props`. */
const metadataField = 14;

/** Metadata of a model. A key that is stored twice has its last value. */
export function readMetadata(file: ModelFile): Map<string, string> {
  return new Map(file.proto.metadataProps.map(({ key, value }) => [key, value]));
}

/** Metadata to be set; undefined takes a key out. */
export type MetadataChanges = Readonly<Record<string, string | undefined>>;

/** The edits that make `changes`: keys that are there get the new value, others are appended; the rest stays. */
export function metadataEdits(file: ModelFile, changes: MetadataChanges): Edit[] {
  const edits: Edit[] = [];
  const added: { key: string; value: string }[] = [];
  for (const [key, value] of Object.entries(changes)) {
    let found = false;
    file.proto.metadataProps.forEach((entry, index) => {
      if (entry.key !== key) return;
      found = true;
      if (entry.value === value) return;
      if (value === undefined) {
        edits.push({ kind: 'remove', at: [[metadataField, index]] });
        return;
      }
      const records = toBinary(StringStringEntryProtoSchema, create(StringStringEntryProtoSchema, { value }));
      edits.push({ kind: 'set', into: [[metadataField, index]], fields: [2], records });
    });
    if (!found && value !== undefined) added.push({ key, value });
  }
  if (added.length > 0) {
    const metadataProps = added.map((entry) => create(StringStringEntryProtoSchema, entry));
    const records = toBinary(ModelProtoSchema, create(ModelProtoSchema, { metadataProps }));
    edits.push({ kind: 'append', into: [], field: metadataField, records });
  }
  return edits;
}
