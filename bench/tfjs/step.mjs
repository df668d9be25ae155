// The TensorFlow.js side of `npm run bench`: ResNet-20 as in torch/networks.py, on the CPU backend (plain JavaScript, one
// thread), with the same lines in and out as torch/step.py. The package is looked for in the folder NORMWISE_TFJS, a
// node_modules, or among the project's own.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const place = process.env.NORMWISE_TFJS;
const tf = createRequire(place ? join(place, "step.js") : import.meta.url)("@tensorflow/tfjs");
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** A training step of ResNet-20 on random images, [N, 32, 32, 3]: TensorFlow.js has no other layout on the CPU. */
function makeStep(batch) {
  const variables = [];
  const variable = (value) => {
    variables.push(tf.variable(value));
    return variables.at(-1);
  };
  const filters = (size, from, to) =>
    variable(tf.randomNormal([size, size, from, to], 0, Math.sqrt(2 / (size * size * to))));

  const convNorm = (from, to, stride) => {
    const [weight, gain, shift] = [filters(3, from, to), variable(tf.ones([to])), variable(tf.zeros([to]))];
    return (x) => {
      const y = tf.conv2d(x, weight, stride, "same");
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      return tf.batchNorm(y, mean, variance, shift, gain, 1e-5);
    };
  };
  const block = (from, to, stride) => {
    const [first, second] = [convNorm(from, to, stride), convNorm(to, to, 1)];
    return (x) => {
      const inside = second(tf.relu(first(x)));
      const missing = (to - from) / 2;
      // A pooling of one pixel, as a slice with strides has no gradient here.
      const picked = stride === 1 ? x : tf.avgPool(x, 1, stride, "valid");
      const shortcut = tf.pad(picked, [
        [0, 0],
        [0, 0],
        [0, 0],
        [missing, missing],
      ]);
      return tf.relu(tf.add(inside, shortcut));
    };
  };
  const stem = convNorm(3, 16, 1);
  const blocks = [16, 32, 64].flatMap((to, stage) =>
    [0, 1, 2].map((place) => (place === 0 && stage > 0 ? block(to / 2, to, 2) : block(to, to, 1))),
  );
  const [weight, bias] = [variable(tf.randomNormal([64, 10], 0, 0.1)), variable(tf.zeros([10]))];
  const images = tf.randomNormal([batch, 32, 32, 3]);
  const labels = tf.oneHot(tf.randomUniform([batch], 0, 10, "int32"), 10);
  const optimizer = tf.train.momentum(0.01, 0.9);
  const step = () =>
    tf.tidy(() => {
      const loss = optimizer.minimize(() => {
        const features = blocks.reduce((x, each) => each(x), tf.relu(stem(images)));
        const logits = tf.add(tf.matMul(tf.mean(features, [1, 2]), weight), bias);
        return tf.losses.softmaxCrossEntropy(labels, logits);
      }, true);
      return loss.dataSync()[0];
    });
  return { step, parameters: variables.reduce((sum, { size }) => sum + size, 0) };
}

await tf.setBackend("cpu");
say({ versions: { tfjs: tf.version.tfjs, node: process.version } });
let made;
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { batch, warmSteps, steps } = JSON.parse(line);
    made ??= makeStep(batch);
    for (let step = 0; step < warmSteps; step++) made.step();
    const start = performance.now();
    for (let step = 0; step < steps; step++) made.step();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage();
    say({
      seconds,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
      processorSeconds: (user + system) / 1e6,
      parameters: made.parameters,
      about: "momentum 0.9, no weight decay",
    });
  } catch (error) {
    say({ error: String(error) }); // the asker decides what a failure means
  }
}
