import { assertArgument, type Tensor, tensor } from "../core/index.js";

/**
 * Sinusoidal positions (Vaswani et al. 2017, section 3.5), [length, width]: at position t, element 2i is
 * sin(t / 10000^(2i/width)) and element 2i + 1 the cosine of the same.
 *
 * @throws InvalidArgumentError unless the width is even.
 */
export function sinusoidalPositions(length: number, width: number): Tensor<"float32"> {
  assertArgument(width % 2 === 0, "sinusoidalPositions", "an even width", width);
  const data = Float32Array.from({ length: length * width }, (_, at) => {
    const [position, element] = [Math.floor(at / width), at % width];
    const angle = position / 10000 ** ((element - (element % 2)) / width);
    return element % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return tensor(data, [length, width]);
}
