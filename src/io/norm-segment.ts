import {
  Dictionary,
  Field,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint32,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { DataError, expectation } from "../core/index.js";

/** What is measured of one layer at one step; both arrays have one value per output channel. */
export interface NormRow {
  /** The layer, or the weight, by name. */
  readonly layer: string;
  readonly step: number;
  /** Euclidean norm of each channel's weights. */
  readonly norm: Float32Array;
  /** Angle that each channel's direction turned, in radians. */
  readonly rotation: Float32Array;
  /** Euclidean norm of each channel's gradient, times that of its weights; in all rows of a segment or in none. */
  readonly gradient?: Float32Array;
}

const values = new List(new Field("item", new Float32(), false));
const fields = [
  new Field("layer", new Dictionary(new Utf8(), new Int32(), 0), false), // a fixed id: equal records, equal bytes
  new Field("step", new Uint32(), false),
  new Field("norm", values, false),
  new Field("rotation", values, false),
];
const measured = new Schema(fields);
const withGradients = new Schema([...fields, new Field("gradient", values, false)]);
const magic = "ARROW1";

/** Rows as one Arrow IPC file, with the channel values as lists of float32. */
export function encodeNormSegment(rows: readonly NormRow[]): Uint8Array {
  const gradients = rows.flatMap(({ gradient }) => (gradient ? [gradient] : []));
  const schema = gradients.length > 0 && gradients.length === rows.length ? withGradients : measured;
  const names = [...new Set(rows.map(({ layer }) => layer))];
  const codes = new Map(names.map((name, code) => [name, code]));
  const children = [
    makeData({
      type: schema.fields[0]!.type as Dictionary<Utf8, Int32>,
      data: Int32Array.from(rows, ({ layer }) => codes.get(layer)!),
      dictionary: vectorFromArray(names, new Utf8()),
    }),
    makeData({ type: new Uint32(), data: Uint32Array.from(rows, ({ step }) => step) }),
    listColumn(rows.map(({ norm }) => norm)),
    listColumn(rows.map(({ rotation }) => rotation)),
    ...(schema === withGradients ? [listColumn(gradients)] : []),
  ];
  const struct = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  return tableToIPC(new Table(schema, [new RecordBatch(schema, struct)]), "file");
}

/**
 * Reads what {@link encodeNormSegment} wrote. The arrays are views of `bytes`, bit for bit.
 * @param where Names the file in error messages.
 * @throws DataError if it is not such a file, whole, with steps that do not decrease.
 */
export function decodeNormSegment(bytes: Uint8Array, where = "norm segment"): NormRow[] {
  const edges = [bytes.subarray(0, 6), bytes.subarray(Math.max(0, bytes.length - 6))];
  if (bytes.length < 12 || edges.some((edge) => new TextDecoder().decode(edge) !== magic)) {
    throw new DataError(expectation(where, `an Arrow file between two ${magic}`, `${bytes.length} bytes`, "cut short"));
  }
  try {
    return readRows(tableFromIPC(bytes), where);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(expectation(where, "a readable Arrow file", String(cause), "the file is damaged"), { cause });
  }
}

function readRows(table: Table, where: string): NormRow[] {
  const wanted = columnsOf(measured);
  const found = columnsOf(table.schema);
  if (found !== wanted && found !== columnsOf(withGradients)) {
    throw new DataError(expectation(where, `columns ${wanted}, with or without gradient`, found));
  }
  const [layers, steps, norms, rotations] = fields.map(({ name }) => table.getChild(name)!);
  const gradients = table.getChild("gradient");
  const rows: NormRow[] = [];
  for (let i = 0; i < table.numRows; i++) {
    const step = steps!.get(i) as number;
    const norm = channelValues(norms!, i, where);
    const rotation = channelValues(rotations!, i, where);
    const gradient = gradients ? channelValues(gradients, i, where) : undefined;
    for (const [name, { length }] of Object.entries({
      rotations: rotation,
      ...(gradient ? { gradients: gradient } : {}),
    })) {
      if (length !== norm.length)
        throw new DataError(expectation(`${where}: row ${i}`, `${norm.length} ${name}`, length));
    }
    const last = rows.at(-1)?.step ?? 0;
    if (step < last) throw new DataError(expectation(`${where}: row ${i}`, `a step of at least ${last}`, step));
    rows.push({ layer: layers!.get(i) as string, step, norm, rotation, ...(gradient ? { gradient } : {}) });
  }
  return rows;
}

const columnsOf = (schema: Schema): string => schema.fields.map(({ name, type }) => `${name}: ${type}`).join(", ");

function channelValues(column: Vector, row: number, where: string): Float32Array {
  const list = (column.get(row) as Vector<Float32> | null)?.toArray();
  if (!(list instanceof Float32Array)) {
    throw new DataError(expectation(`${where}: row ${row}`, "a list of float32", list));
  }
  return list;
}

function listColumn(lists: readonly Float32Array[]) {
  const valueOffsets = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + list.length;
  });
  const data = new Float32Array(valueOffsets.at(-1)!);
  lists.forEach((list, i) => {
    data.set(list, valueOffsets[i]);
  });
  const child = makeData({ type: new Float32(), data });
  return makeData({ type: values, length: lists.length, nullCount: 0, valueOffsets, child });
}
