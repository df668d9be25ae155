import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { assertArgument, DataError, expectation } from "../core/index.js";
import type { Program } from "../graph/index.js";
import { type LowerOptions, lower } from "./lower/lower.js";
import type { Lowering } from "./lower/lowering.js";
import { portable } from "./lower/portable/index.js";
import { pack } from "./pack/pack.js";
import { type ModelProto, ModelProtoSchema } from "./proto/onnx_pb.js";
import { simplify } from "./simplify/simplify.js";

/** The standard operator set that is written. */
export const opset = 21;
/** The version of the file format that is written: the one that came with the operator set. */
export const irVersion = 10;

/** Options of {@link toOnnx}. */
export interface ToOnnxOptions extends LowerOptions {
  /** How primitives are said in ONNX; {@link portable} by default. */
  readonly lowering?: Lowering;
}

/**
 * A program as the bytes of an `.onnx` file. Inputs named in `options.constants` become weights inside the file.
 *
 * @throws InvalidArgumentError if an output is named like an input, or a constant has another shape than its input,
 *   or a batch is left free that the lowering needs to know.
 * @example
 * await writeFile("model.onnx", toOnnx(program, { constants: await state.read() }));
 */
export function toOnnx(program: Program, options: ToOnnxOptions = {}): Uint8Array {
  const { lowering = portable, freeBatch = false } = options;
  assertArgument(
    !(freeBatch && lowering.fixesBatch),
    "toOnnx",
    "a lowering that leaves the batch free, with freeBatch",
    lowering.name,
    "take the portable one, or fix the batch",
  );
  const simplified = simplify(program);
  const prepared = lowering.prepare?.(simplified) ?? simplified;
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: "normwise",
    opsetImport: Object.entries({ "": opset, ...lowering.domains }).map(([domain, version]) => ({
      domain,
      version: BigInt(version),
    })),
    // A batch that is left free has no size to cut vectors at.
    graph: lower(freeBatch ? prepared : pack(prepared), lowering, options),
  });
  return toBinary(ModelProtoSchema, model);
}

/** The messages of an `.onnx` file. Throws a {@link DataError} if the bytes are not one. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  let model: ModelProto | undefined;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    // Told below, with what was expected.
  }
  if (model?.graph) return model;
  throw new DataError(expectation("decodeModel", "the bytes of an .onnx file", `${bytes.length} other bytes`));
}
