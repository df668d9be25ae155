/**
 * Makes fixtures of ONNX files: the same models without their weights, packed. Floating-point tensors of more than 64
 * elements keep their name, type and shape only, unless they hold few different values, as a mask does;
 * test/support/zoo.ts puts generated numbers back.
 *
 * usage: npx esbuild scripts/strip-onnx.ts --bundle --platform=node --format=esm |
 *          node --input-type=module - FOLDER FILE.onnx …   (writes FOLDER/FILE.onnx.gz)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { decodeTensor, dtypeOf } from "../src/onnx/index.js";
import { ModelProtoSchema, type TensorProto } from "../src/onnx/proto/onnx_pb.js";

const mostElements = 64;
const mostValues = 16;

const [folder, ...paths] = process.argv.slice(2);
if (folder === undefined || paths.length === 0) throw new Error("usage: … FOLDER FILE.onnx …");
for (const path of paths) {
  const model = fromBinary(ModelProtoSchema, Uint8Array.from(readFileSync(path)), { readUnknownFields: false });
  const constants = model.graph!.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []));
  for (const tensor of [...model.graph!.initializer, ...constants]) {
    if (isWeights(tensor)) tensor.rawData = new Uint8Array();
  }
  const bytes = toBinary(ModelProtoSchema, model);
  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  packed[9] = 255; // the header's operating system: unknown, so that all systems write the same
  writeFileSync(join(folder, `${basename(path)}.gz`), packed);
  console.log(`${basename(path)}: ${bytes.length} bytes, ${packed.length} packed`);
}

function isWeights(tensor: TensorProto): boolean {
  if (dtypeOf(tensor.dataType) !== "float32") return false;
  const { data } = decodeTensor(tensor);
  return data.length > mostElements && new Set((data as Float32Array).subarray(0, 1 << 16)).size > mostValues;
}
