import { startEngine } from "../engines.js";
import type { Timing } from "../rounds.js";

/** Images of TensorFlow.js's step: few, since it takes seconds for each. */
const batch = 4;
const limitSeconds = 180;

/**
 * TensorFlow.js's speed on ResNet-20, the smallest row, on its CPU backend: JavaScript on one thread, without a peer beside
 * it. Two steps, of which the second counts; nothing if they take too long.
 */
export async function measureTfjs(say: (line: string) => void): Promise<Timing[]> {
  const peer = await startEngine("tfjs", 1, undefined);
  const ask = { model: "resnet20", threads: 1, batch, warmSteps: 0, steps: 1 } as const;
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    alarm = setTimeout(
      () => reject(new Error(`no two steps of ${batch} images in ${limitSeconds} s`)),
      limitSeconds * 1000,
    );
  });
  try {
    const first = await Promise.race([peer.run(ask), late]);
    const last = await Promise.race([peer.run(ask), late]);
    const processorRates = [batch / (last.processorSeconds - first.processorSeconds)];
    return [
      { model: "resnet20", engine: "tfjs", rates: [batch / last.seconds], processorRates, batch, last, others: 0 },
    ];
  } catch (error) {
    say(`tfjs on resnet20: ${(error as Error).message}`);
    return [];
  } finally {
    clearTimeout(alarm);
    peer.close();
  }
}
