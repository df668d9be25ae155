import { isFloating, randomStream, type Tensor, tensor } from "../../src/core/index.js";
import { gradients, mul, type Tensors, total, type Value } from "../../src/graph/index.js";
import { evaluate } from "../../src/reference/index.js";
import { difference } from "./compare.js";
import { type BuiltCase, buildCase } from "./primitive-cases.js";
import { normal } from "./random-tensors.js";

/** Options of {@link checkGradient}. */
export interface GradientCheckOptions {
  /** Half the distance of the central difference; 1e-5 by default. */
  readonly step?: number;
  /** Of the relative L2 error per input; 1e-6 by default. */
  readonly tolerance?: number;
  /** Names of the inputs to differentiate by; all floating ones by default. */
  readonly wanted?: readonly string[];
}

/** Tensors up to this size are differentiated element by element, larger ones along {@link randomDirections}. */
const smallSize = 64;
const randomDirections = 24;

/**
 * Throws unless `gradients` agrees with central differences in float64.
 *
 * The function's output is contracted with a fixed random cotangent c to f = Σ c · output, and
 * (f(x + h·u) − f(x − h·u)) / 2h is compared with ⟨∇f, u⟩ for every unit vector u of an input, or, where the input is
 * large, for random u. Keep the inputs more than a few h away from kinks.
 *
 * @param build Applies the function to graph inputs of the names, shapes and dtypes of `inputs`.
 */
export function checkGradient(
  inputs: Tensors,
  build: (inputs: Readonly<Record<string, Value>>) => Value,
  options: GradientCheckOptions = {},
): void {
  checkBuiltGradient(inputs, buildCase({ inputs, build }), options);
}

/** {@link checkGradient} of a graph that is built already: its output, by its inputs. */
export function checkBuiltGradient(inputs: Tensors, built: BuiltCase, options: GradientCheckOptions = {}): void {
  const { step = 1e-5, tolerance = 1e-6 } = options;
  const { shape, dtype } = built.output;
  const contracted = total(mul(built.output, built.graph.input("cotangent of the check", shape, dtype)));
  const feeds = { ...inputs, "cotangent of the check": normal("cotangent", shape) };
  const wanted = options.wanted ?? Object.keys(inputs).filter((name) => isFloating(inputs[name]!.dtype));
  const symbolic = gradients(
    contracted,
    wanted.map((name) => built.inputs[name]!),
  );

  for (const [position, name] of wanted.entries()) {
    const at = inputs[name]!;
    const gradient = symbolic[position];
    if (gradient && (gradient.shape.join() !== at.shape.join() || gradient.dtype !== at.dtype)) {
      throw new Error(`gradient by ${name}: expected ${at.dtype}[${at.shape}], got ${String(gradient)}`);
    }
    const elements = gradient ? Array.from(evaluate([gradient], feeds)[0]!.data, Number) : [];
    const f = (direction: Float64Array, by: number): number => {
      const moved = tensor(
        Float64Array.from(direction, (u, i) => Number(at.data[i]) + by * u),
        at.shape,
        "float64",
      );
      return Number(evaluate([contracted], { ...feeds, [name]: moved })[0]!.data[0]);
    };
    const along = directions(name, at.data.length);
    const numeric = along.map((u) => (f(u, step) - f(u, -step)) / (2 * step));
    const analytic = along.map((u) => u.reduce((sum, x, i) => sum + (x === 0 ? 0 : x * (elements[i] ?? 0)), 0));
    report(name, asTensor(analytic), asTensor(numeric), tolerance);
  }
}

function report(name: string, analytic: Tensor, numeric: Tensor, tolerance: number): void {
  const { relative, absolute, at } = difference(analytic, numeric);
  // Where the true gradient is 0, differences leave rounding noise of about 1e-16 |f| / h, which no relative bound allows.
  const noise = 1e-9;
  if (relative <= tolerance || absolute <= noise) return;
  throw new Error(
    `gradient by ${name}: relative L2 error ${relative.toExponential(2)} (allowed ${tolerance}); worst at ${at}: ` +
      `differences give ${numeric.data[at]}, gradients ${analytic.data[at]}`,
  );
}

function asTensor(numbers: readonly number[]): Tensor {
  return tensor(Float64Array.from(numbers), [numbers.length], "float64");
}

function directions(key: string, size: number): Float64Array[] {
  if (size <= smallSize) {
    return Array.from({ length: size }, (_, i) => new Float64Array(size).fill(1, i, i + 1));
  }
  const random = randomStream(1, "direction", key);
  return Array.from({ length: randomDirections }, () => Float64Array.from({ length: size }, () => random.normal()));
}
