import type { Shape } from "../../core/index.js";
import type { WeightTensor } from "../../dynamics/index.js";

/** A tensor of somebody's file; its elements are read when asked for. */
export interface StoredWeight {
  readonly name: string;
  /** As the file calls it: `BF16` in safetensors, `bfloat16` in ONNX. */
  readonly type: string;
  readonly shape: Shape;
  /** Whether its elements are floating-point numbers; others are listed, but not read. */
  readonly floating: boolean;
  /**
   * The elements, in memory of their own: float64 as they are, all narrower types as float32, which holds each exactly.
   * @throws DataError if it is not floating, or its bytes are cut short.
   */
  read(): Promise<WeightTensor>;
}

/** The tensors of a file, or of a folder of files. */
export interface WeightsFile {
  readonly path: string;
  readonly format: "safetensors" | "onnx";
  /** By name, in the file's order. */
  readonly weights: ReadonlyMap<string, StoredWeight>;
  /** Free text by key, of safetensors; empty if there is none. */
  readonly metadata: Readonly<Record<string, string>>;
}
