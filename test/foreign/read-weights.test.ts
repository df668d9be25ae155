import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DataError, RunError, tensor, toBfloat16Bits, toFloat16Bits } from "../../src/core/index.js";
import { openCheckpoints, readWeights } from "../../src/foreign/files/index.js";
import { encodeSafetensors } from "../../src/io/index.js";

const folder = mkdtempSync(join(tmpdir(), "weights-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);

/** A safetensors file of one-dimensional tensors, each given by its type and its bytes. */
function write(
  name: string,
  tensors: Readonly<Record<string, readonly [type: string, count: number, bytes: Uint8Array]>>,
) {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [key, [dtype, count, { length }]] of Object.entries(tensors)) {
    header[key] = { dtype, shape: [count], data_offsets: [end, end + length] };
    end += length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(place(name), Buffer.concat([start, text, ...Object.values(tensors).map(([, , bytes]) => bytes)]));
  return place(name);
}

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

describe("safetensors", () => {
  const values = [1.5, -0.25, 0, 448];
  const path = write("types.any", {
    byte: ["F8_E4M3", 6, Uint8Array.of(0x3c, 0xa8, 0x00, 0x7e, 0x7f, 0x01)],
    narrow: ["F8_E5M2", 4, Uint8Array.of(0x3e, 0xb4, 0x00, 0x7c)],
    f16: ["F16", 4, bytesOf(Uint16Array.from(values, toFloat16Bits))],
    bf16: ["BF16", 4, bytesOf(Uint16Array.from(values, toBfloat16Bits))],
    f32: ["F32", 4, bytesOf(Float32Array.from(values))],
    f64: ["F64", 4, bytesOf(Float64Array.from(values))],
    ...Object.fromEntries(
      [
        ["I64", 8],
        ["U64", 8],
        ["I32", 4],
        ["U32", 4],
        ["I16", 2],
        ["U16", 2],
        ["I8", 1],
        ["U8", 1],
        ["BOOL", 1],
      ].map(([type, size]) => [String(type), [String(type), 3, new Uint8Array(3 * Number(size))] as const]),
    ),
    later: ["F4_NEW", 7, new Uint8Array(4)],
  });

  it("of all floating types are read, in float64 as they are and all others exactly in float32", async () => {
    const { weights, format } = await readWeights(path);
    expect(format).toBe("safetensors");
    const read = async (name: string) => {
      const { dtype, data } = await weights.get(name)!.read();
      return [dtype, ...data];
    };
    expect(await read("byte")).toEqual(["float32", 1.5, -0.25, 0, 448, Number.NaN, 2 ** -9]);
    expect(await read("narrow")).toEqual(["float32", 1.5, -0.25, 0, Number.POSITIVE_INFINITY]);
    for (const name of ["f16", "bf16", "f32"]) expect(await read(name)).toEqual(["float32", ...values]);
    expect(await read("f64")).toEqual(["float64", ...values]);
  });

  it("of other types are listed, and not read", async () => {
    const { weights } = await readWeights(path);
    const others = [...weights.values()].filter(({ floating }) => !floating);
    expect(others.map(({ type }) => type)).toEqual([
      "I64",
      "U64",
      "I32",
      "U32",
      "I16",
      "U16",
      "I8",
      "U8",
      "BOOL",
      "F4_NEW",
    ]);
    await expect(others[0]!.read()).rejects.toThrow(/expected a tensor of floating-point numbers, got I64/);
  });

  it("cost what is used of them: one tensor of a file of 5 GB", async () => {
    const large = place("large.safetensors");
    const size = 5 * 2 ** 30;
    const header = Buffer.from(
      JSON.stringify({
        all: { dtype: "U8", shape: [size], data_offsets: [0, size] },
        last: { dtype: "F32", shape: [2, 1], data_offsets: [size, size + 8] },
      }),
    );
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(large, Buffer.concat([start, header]));
    truncateSync(large, 8 + header.length + size + 8); // sparse: takes no space
    const before = process.memoryUsage().rss;
    const { weights } = await readWeights(large);
    expect(await weights.get("last")!.read()).toEqual({ dtype: "float32", shape: [2, 1], data: new Float32Array(2) });
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
    truncateSync(large, 8 + header.length + size);
    await expect(weights.get("last")!.read()).rejects.toThrow(/the file has been cut short/);
    rmSync(large);
  });

  it("in shards are one set", async () => {
    const shard = (name: string, value: number) =>
      writeFileSync(
        place(`shards/${name}.safetensors`),
        encodeSafetensors({ [name]: tensor([value]) }, { [name]: "told" }),
      );
    execFileSync("mkdir", [place("shards")]);
    shard("a", 1);
    shard("b", 2);
    await expect(readWeights(place("shards"))).rejects.toThrow(
      /got a.safetensors, b.safetensors; name the file itself/,
    );
    const index = place("shards/model.safetensors.index.json");
    writeFileSync(index, JSON.stringify({ weight_map: { a: "a.safetensors", b: "b.safetensors" } }));
    const { weights, metadata } = await readWeights(place("shards"));
    expect([...weights.keys()]).toEqual(["a", "b"]);
    expect(metadata).toEqual({ a: "told", b: "told" });
    for (const away of ["../types.any", "gone.safetensors", 3]) {
      writeFileSync(index, JSON.stringify({ weight_map: { a: away } }));
      await expect(readWeights(place("shards"))).rejects.toThrow(DataError);
    }
  });
});

describe("what is not read", () => {
  it.each([
    [
      "a zip of torch.save",
      [0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0],
      /got a zip, as torch.save writes; .*save_file\(model.state_dict\(\), path\)/,
    ],
    ["a pickle", [0x80, 2, 0x8a, 0x0a, 0, 0, 0, 0, 0, 0], /a pickle can run any program, so it is not opened/],
    ["HDF5", [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0], /an HDF5 file; convert it/],
    ["nothing", [], /safetensors|onnx/],
    ["text", [...Buffer.from("hello, this is text\n")], /safetensors|onnx/],
  ])("%s", async (name, bytes, said) => {
    const path = place(name);
    writeFileSync(path, Uint8Array.from(bytes));
    await expect(readWeights(path)).rejects.toThrow(said);
    await expect(readWeights(path)).rejects.toThrow(DataError);
  });

  it("a file that is not there", async () => {
    await expect(readWeights(place("gone"))).rejects.toThrow(RunError);
  });
});

describe("steps of checkpoints", () => {
  const save = (name: string, metadata: Readonly<Record<string, string>> = {}) => {
    writeFileSync(place(name), encodeSafetensors({ w: tensor([1, 2], [1, 2]) }, metadata));
    return place(name);
  };
  const steps = async (names: readonly string[], options = {}) =>
    (
      await openCheckpoints(
        names.map((name) => place(name)),
        options,
      )
    ).map(({ step }) => step);

  it("come from names, put in order", async () => {
    for (const name of ["step-1000.safetensors", "step-200.safetensors", "v2-step_00050.pt.bin"]) save(name);
    expect(await steps(["step-1000.safetensors", "step-200.safetensors", "v2-step_00050.pt.bin"])).toEqual([
      50, 200, 1000,
    ]);
    execFileSync("mkdir", [place("checkpoint-500")]);
    save("checkpoint-500/model.safetensors");
    expect(await steps(["checkpoint-500"])).toEqual([500]);
  });

  it("come from metadata before names", async () => {
    save("step-7.safetensors", { step: "70" });
    save("last.safetensors", { progress: JSON.stringify({ step: 33 }) });
    expect(await steps(["step-7.safetensors", "last.safetensors"])).toEqual([33, 70]);
  });

  it("are what is said", async () => {
    save("a1.safetensors");
    save("a0.safetensors");
    expect(await steps(["a1.safetensors", "a0.safetensors"], { steps: [5, 9] })).toEqual([5, 9]);
    expect(await steps(["a1.safetensors", "a0.safetensors"], { every: 10 })).toEqual([0, 10]);
    await expect(steps(["a1.safetensors"], { steps: [5, 9] })).rejects.toThrow(
      /--steps: expected a step for each of the 1/,
    );
    save("epoch-3.safetensors");
    expect(await steps(["epoch-3.safetensors"], { stepsPerEpoch: 391 })).toEqual([1173]);
    await expect(steps(["epoch-3.safetensors"])).rejects.toThrow(/say --steps-per-epoch/);
    save("weights.safetensors");
    await expect(steps(["weights.safetensors"])).rejects.toThrow(/a step in its metadata or its name/);
  });
});

describe("the Python of docs/trace.md", () => {
  const page = readFileSync("docs/trace.md", "utf8");
  const file = "test/goldens/trace/save_safetensors.py";

  it("is the file that made the goldens", () => {
    expect(page).toContain(`<!-- ${file} -->\n\n\`\`\`py\n${readFileSync(file, "utf8")}\`\`\``);
  });

  const python = spawnSync("python3", ["--version"]).status === 0;

  it.runIf(python)("writes what is read, of tensors that answer as PyTorch's do", async () => {
    const program = `
import array, sys
sys.path.insert(0, "test/goldens/trace")
sys.dont_write_bytecode = True
from save_safetensors import save_safetensors

class Array:
    def __init__(self, data): self.data = data
    def tobytes(self): return self.data.tobytes()

class Tensor:
    def __init__(self, kind, code, shape, values):
        self.dtype, self.shape, self.code, self.values = "torch." + kind, shape, code, values
    def detach(self): return self
    def cpu(self): return self
    def contiguous(self): return self
    def float(self): return Tensor("float32", "f", self.shape, self.values)
    def numpy(self):
        assert self.dtype != "torch.bfloat16", "numpy has none"
        return Array(array.array(self.code, self.values))

save_safetensors({
    "conv.weight": Tensor("float32", "f", [2, 1, 2], [1, 2, 3, 4.5]),
    "bn.num_batches_tracked": Tensor("int64", "q", [], [7]),
    "half": Tensor("bfloat16", "", [2], [0.5, -8]),
    "é": Tensor("float64", "d", [], [0.1]),
}, sys.argv[1], step=12)
`;
    execFileSync("python3", ["-c", program, place("by-python.safetensors")]);
    const { weights, metadata } = await readWeights(place("by-python.safetensors"));
    expect(metadata).toEqual({ step: "12" });
    expect([...weights.keys()]).toEqual(["conv.weight", "half", "é"]);
    expect(await weights.get("conv.weight")!.read()).toEqual(tensor([1, 2, 3, 4.5], [2, 1, 2]));
    expect([...(await weights.get("half")!.read()).data]).toEqual([0.5, -8]);
    expect(await weights.get("é")!.read()).toEqual(tensor([0.1], [], "float64"));
  });
});
