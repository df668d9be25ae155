import { writeFile } from "node:fs/promises";
import { arrays, batchNorm, conv2d, globalAveragePool, linear, relu, sequential, sgd, train } from "normwise";
import { nodeRuntime } from "normwise/node";

// Arrays that you have: here 600 noisy images, 12 × 12 pixels, of stripes in one of three directions.
const labels = Array.from({ length: 600 }, (_, image) => image % 3);
const images = Float32Array.from({ length: 600 * 144 }, (_, i) => {
  const [image, y, x] = [Math.floor(i / 144), Math.floor(i / 12) % 12, i % 12];
  return Math.sin([x, y, x + y][image % 3]! + image) + 2 * Math.sin(i * i);
});
const data = arrays({ images, labels, shape: [1, 12, 12] });

const block = (channels: number) => sequential(conv2d(channels, { stride: 2 }), batchNorm(), relu());
const network = sequential(block(8), block(16), globalAveragePool(), linear(3));
const settings = { epochs: 8, batch: 32, learningRate: 0.1, optimizer: sgd({ weightDecay: 5e-3 }) };
export const { epochs, model } = await train({ network, data, runtime: nodeRuntime(), ...settings });

for (const { epoch, trainAccuracy, layers } of epochs) {
  console.log(`epoch ${epoch}: ${trainAccuracy.toFixed(1)} % right`);
  for (const [weight, { norm, effectiveRate }] of Object.entries(layers)) {
    console.log(`  ${weight}: norm ${norm.median.toFixed(3)}, effective rate ${effectiveRate.median.toFixed(3)}`);
  }
}
console.log("classes", await model.predict(images.subarray(0, 10 * 144)));
await writeFile("stripes.onnx", await model.toOnnx());
