import type { DType, Shape, Tensor } from "../../src/core/index.js";
import type { Attributes } from "../../src/onnx/lower/attributes.js";
import { blockedDomain } from "../../src/onnx/lower/blocked/context.js";
import { type EmittedNode, Emitter, type NodeOptions, type TensorName } from "../../src/onnx/lower/emitter.js";

/**
 * Says the operators on blocked tensors in standard ones, for a block of any size: between row-major and blocked memory by
 * reshaping and transposing. So a machine can test the block that it does not have.
 */
export class EmulatedBlocks extends Emitter {
  readonly #block: number;
  /** Of constants and reshaped tensors. */
  readonly #shapes = new Map<TensorName, Shape>();
  readonly #integers = new Map<TensorName, Shape>();

  constructor(block: number) {
    super();
    this.#block = block;
  }

  override constant(value: Tensor, dtype: DType = value.dtype): TensorName {
    const name = super.constant(value, dtype);
    this.#shapes.set(name, value.shape);
    if (dtype === "int64") this.#integers.set(name, Array.from(value.data as ArrayLike<number | bigint>, Number));
    return name;
  }

  override node(operator: string, inputs: readonly TensorName[], options: NodeOptions = {}): EmittedNode {
    if (options.domain !== blockedDomain) {
      const node = super.node(operator, inputs, options);
      const shape = operator === "Reshape" ? this.#integers.get(inputs[1]!) : undefined;
      if (shape) this.#shapes.set(node.output(0), shape);
      return node;
    }
    const result = this.#emulate(operator, inputs, options.attributes ?? {});
    return { output: () => result };
  }

  #emulate(operator: string, [x, ...others]: readonly TensorName[], attributes: Attributes): TensorName {
    switch (operator) {
      case "ReorderInput":
        return this.#blocked(this.#filled(attributes.channels_last ? this.#moved(x!, [0, 3, 1, 2]) : x!));
      case "ReorderOutput": {
        const [start, end, axis] = [0, attributes.channels as number, 1].map((number) => this.ints([number]));
        const y = this.op("Slice", [this.#plain(x!), start!, end!, axis!]);
        return attributes.channels_last ? this.#moved(y, [0, 2, 3, 1]) : y;
      }
      case "Conv":
        return this.#convolution([x!, ...others], attributes);
      case "Upsample": {
        const scales = this.constant({
          data: Float32Array.from(attributes.scales as number[]),
          shape: [4],
          dtype: "float32",
        });
        const y = this.op("Resize", [this.#plain(x!), "", scales], {
          mode: "nearest",
          coordinate_transformation_mode: "asymmetric",
          nearest_mode: "floor",
        });
        return this.#blocked(y);
      }
      case "MaxPool":
      case "AveragePool":
      case "GlobalAveragePool":
        return this.#blocked(this.op(operator, [this.#plain(x!)], attributes));
      default:
        throw new Error(`emulated blocks: expected an operator that is known, got ${operator}; add it`);
    }
  }

  #convolution([x, w, bias = "", sum = ""]: readonly TensorName[], attributes: Attributes): TensorName {
    const { activation, activation_params: numbers, ...standard } = attributes;
    const shape = this.#shapes.get(w!);
    if (!shape) throw new Error(`emulated blocks: expected a filter that is a constant or a view, got ${w}`);
    const [k, c, ...kernel] = shape as [number, number, number, number];
    const block = this.#block;
    const [blocks, tiles] = [k / block, c / block];
    const depthwise = c === 1 && attributes.group === k;
    const image = !depthwise && c < block ? x! : this.#plain(x!);
    const filter = depthwise
      ? this.#reordered(w!, [blocks, 1, ...kernel, block], [0, 4, 1, 2, 3], shape)
      : c < block
        ? this.#reordered(w!, [blocks, c, ...kernel, block], [0, 4, 1, 2, 3], shape)
        : this.#reordered(w!, [blocks, tiles, ...kernel, block, block], [0, 5, 1, 4, 2, 3], shape);
    let y = this.op("Conv", bias === "" ? [image, filter] : [image, filter, bias], standard);
    if (sum !== "") y = this.op("Add", [y, this.#plain(sum)]);
    if (activation === "Relu") y = this.op("Relu", [y]);
    else if (activation === "Clip") {
      const bounds = (numbers as { floats: readonly number[] }).floats.map((bound) => this.scalar(bound, "float32"));
      y = this.op("Clip", [y, ...bounds]);
    } else if (activation === "HardSigmoid") {
      const [alpha, beta] = (numbers as { floats: readonly number[] }).floats;
      y = this.op("HardSigmoid", [y], { alpha: { float: alpha! }, beta: { float: beta! } });
    } else if (activation !== undefined) throw new Error(`emulated blocks: unknown activation ${activation}`);
    return this.#blocked(y);
  }

  #reordered(x: TensorName, from: Shape, perm: Shape, to: Shape): TensorName {
    const split = this.op("Reshape", [x, this.ints(from)]);
    return this.op("Reshape", [this.op("Transpose", [split], { perm }), this.ints(to)]);
  }

  #moved(x: TensorName, perm: Shape): TensorName {
    return this.op("Transpose", [x], { perm });
  }

  /** Channels up to whole blocks, zeros in what is added. */
  #filled(x: TensorName): TensorName {
    const block = this.ints([this.#block]);
    const missing = this.op("Mod", [this.op("Sub", [block, this.op("Mod", [this.#size(x, 1, 2), block])]), block]);
    const pads = this.op("Concat", [this.ints([0, 0, 0, 0, 0]), missing, this.ints([0, 0])], { axis: 0 });
    return this.op("Pad", [x, pads, this.scalar(0, "float32")]);
  }

  /** [N, C′/b, b, H, W] → [N, C′/b, H, W, b], both under the shape [N, C′, H, W]. */
  #blocked(x: TensorName): TensorName {
    const channels = [this.#blocks(x), this.ints([this.#block])];
    return this.#exchanged(x, [this.#size(x, 0, 1), ...channels, this.#size(x, 2, 4)], [0, 1, 3, 4, 2]);
  }

  /** The reverse. */
  #plain(x: TensorName): TensorName {
    const sizes = [this.#size(x, 0, 1), this.#blocks(x), this.#size(x, 2, 4), this.ints([this.#block])];
    return this.#exchanged(x, sizes, [0, 1, 4, 2, 3]);
  }

  #exchanged(x: TensorName, sizes: readonly TensorName[], perm: Shape): TensorName {
    const split = this.op("Reshape", [x, this.op("Concat", sizes, { axis: 0 })]);
    return this.op("Reshape", [this.#moved(split, perm), this.op("Shape", [x])]);
  }

  #blocks(x: TensorName): TensorName {
    return this.op("Div", [this.#size(x, 1, 2), this.ints([this.#block])]);
  }

  /** The sizes of the axes from one to before another. */
  #size(x: TensorName, start: number, end: number): TensorName {
    return this.op("Shape", [x], { start, end });
  }
}
