import { Bool, Float64, Int32, tableFromArrays, tableToIPC, Utf8, type Vector, vectorFromArray } from "apache-arrow";
import { parquetWriteBuffer } from "hyparquet-writer";
import { type TraceRow, traceColumns } from "../trace/trace-rows.js";

/** Rows as an Arrow IPC file: UTF-8 for names, int32 for steps, float64 for all else; nulls are nulls. */
export function traceArrow(rows: readonly TraceRow[]): Uint8Array {
  const columns = traceColumns.map((name): [string, Vector] => {
    const values = rows.map((row) => row[name]);
    const type = { STRING: new Utf8(), BOOLEAN: new Bool(), INT32: new Int32(), DOUBLE: new Float64() }[typeOf(name)];
    return [name, vectorFromArray(values, type as Utf8) as Vector];
  });
  return tableToIPC(tableFromArrays(Object.fromEntries(columns) as Record<string, never>), "file");
}

/** Rows as a Parquet file with the columns and types of {@link traceArrow}. */
export function traceParquet(rows: readonly TraceRow[]): Uint8Array {
  const columnData = traceColumns.map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    type: typeOf(name),
    nullable: true,
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function typeOf(column: keyof TraceRow): "STRING" | "BOOLEAN" | "INT32" | "DOUBLE" {
  if (column === "weight" || column === "invariance") return "STRING";
  if (column === "guessed") return "BOOLEAN";
  return column === "step" || column === "steps" ? "INT32" : "DOUBLE";
}
