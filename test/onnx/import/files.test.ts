import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError, numbersOf, tensor } from "../../../src/core/index.js";
import { readOnnxFile } from "../../../src/onnx/import/files/index.js";
import { decodeModel } from "../../../src/onnx/index.js";
import { ModelProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from "../../../src/onnx/proto/onnx_pb.js";
import { mixedModel } from "../../support/mixed-model.js";
import { node, onnxBytes } from "../../support/onnx-models.js";

let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "normwise-external-"));
  folder = join(root, "model");
  await mkdir(join(folder, "parts"), { recursive: true });
  await writeFile(join(folder, "parts", "weights.bin"), new Uint8Array(Float32Array.of(9, 9, 1, 2, 3, 4, 9).buffer));
  await writeFile(join(root, "secret.bin"), new Uint8Array(64));
  await symlink("../secret.bin", join(folder, "link.bin"));
  await symlink("parts/weights.bin", join(folder, "inner.bin"));
  await symlink("..", join(folder, "up"));
});
afterAll(() => rm(root, { recursive: true }));

/** Writes a model whose weight of four numbers lies outside it. */
async function modelWith(entries: Readonly<Record<string, string>>): Promise<string> {
  const x = tensor([1, 2, 3, 4]);
  const model = decodeModel(
    onnxBytes({
      inputs: { x },
      initializers: { w: x },
      nodes: [node("Add", ["x", "w"], ["y"])],
      outputs: { y: "float32" },
    }),
  );
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  const proto = { name: "w", dims: [4n], dataType: 1, dataLocation: TensorProto_DataLocation.EXTERNAL, externalData };
  model.graph!.initializer = [create(TensorProtoSchema, proto)];
  const path = join(folder, "model.onnx");
  await writeFile(path, toBinary(ModelProtoSchema, model));
  return path;
}

describe("readOnnxFile", () => {
  it("reads a file of its own", async () => {
    const path = join(folder, "whole.onnx");
    await writeFile(path, mixedModel());
    expect((await readOnnxFile(path)).initializers.get("bn.running_var")!.read().data).toEqual(
      Float32Array.of(1, 2, 0.5, 1),
    );
  });

  it.each([
    { location: "parts/weights.bin", offset: "8", length: "16" },
    { location: "parts/weights.bin", offset: "8" },
    { location: "./parts/weights.bin", offset: "8" },
    { location: "inner.bin", offset: "8" },
  ])("reads the range %o of a file beside it", async (entries) => {
    const file = await readOnnxFile(await modelWith(entries));
    expect(numbersOf(file.initializers.get("w")!.read())).toEqual([1, 2, 3, 4]);
  });

  it.each([
    [{ location: "../secret.bin" }, "in the model's folder, got ../secret.bin"],
    [{ location: "parts/../../secret.bin" }, "in the model's folder, got parts/../../secret.bin"],
    [{ location: "..\\secret.bin" }, "in the model's folder, got ..\\secret.bin"],
    [{ location: "/etc/passwd" }, "in the model's folder, got /etc/passwd"],
    [{ location: "C:\\secret.bin" }, "in the model's folder, got C:\\secret.bin"],
    [{ location: "link.bin" }, "in the model's folder, got link.bin"],
    [{ location: "up/secret.bin" }, "in the model's folder, got up/secret.bin"],
    [{ location: "parts" }, "external data in a file, got parts"],
    [{ location: "." }, "external data in a file, got ."],
    [{ location: "absent.bin" }, "to read the external data absent.bin, got ENOENT"],
    [{ location: "" }, "external data with a location, got none"],
    [{ location: "parts/weights.bin", offset: "16" }, "bytes 16 to 32 of parts/weights.bin for [4], got 28 bytes"],
    [{ location: "parts/weights.bin", length: "12" }, "a length of 16 bytes for [4], got 12"],
    [{ location: "parts/weights.bin", offset: "-8" }, "offset is a number of bytes, got -8"],
    [
      { location: "parts/weights.bin", offset: "9007199254740993000" },
      "offset is a number of bytes, got 9007199254740993000",
    ],
  ])("refuses %o", async (entries, message) => {
    const path = await modelWith(entries);
    const error: unknown = await readOnnxFile(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain(path);
  });

  it("says so if data is cut short after it was found", async () => {
    const file = await readOnnxFile(
      await modelWith({ location: "short.bin" }).then(async (path) => {
        await writeFile(join(folder, "short.bin"), new Uint8Array(16));
        return path;
      }),
    );
    await writeFile(join(folder, "short.bin"), new Uint8Array(10));
    expect(() => file.initializers.get("w")!.read()).toThrow("bytes 0 to 16 of short.bin, got 10 bytes");
  });

  it("names a model that is not there", async () => {
    await expect(readOnnxFile(join(folder, "none.onnx"))).rejects.toThrow(
      /none\.onnx: expected an \.onnx file, got ENOENT/,
    );
  });
});
