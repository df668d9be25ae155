import { scalar, type Tensor, tensor } from "../core/index.js";
import type { Runtime, Session, Tensors } from "../graph/index.js";
import { type BeamOptions, beamSearch, type Hypothesis } from "./beam-search.js";
import { type DecodingShape, decodingPrograms } from "./decoding-programs.js";
import type { Translator } from "./translator.js";

/** Options of {@link openDecoder}. */
export interface DecoderOptions extends BeamOptions {
  /** How many tokens the translation of a sentence of so many may have; ⌊1.5 n⌋ + 5 by default. */
  readonly longest?: (sourceLength: number) => number;
}

/** Translates with fixed weights. */
export interface Decoder {
  /** The best translation found for each of the first `real` (all by default) rows of `source` [N, S]. */
  translate(source: Tensor<"int32">, real?: number): Promise<Hypothesis[]>;
  /** Frees sessions and state. */
  close(): Promise<void>;
}

/**
 * Makes a network with the given weights ready to translate, in any runtime. Each shape of batch has two programs, made
 * when it first comes. The weights are copied into a state of the decoder's own.
 */
export async function openDecoder(
  runtime: Runtime,
  network: Translator,
  weights: Tensors,
  { longest = (sourceLength) => Math.floor(1.5 * sourceLength) + 5, beam = 1, ...rest }: DecoderOptions = {},
): Promise<Decoder> {
  const state = await runtime.createState(weights);
  const sessions = new Map<string, Promise<{ readonly encode: Session; readonly step: Session }>>();
  const load = async (shape: DecodingShape) => {
    const programs = decodingPrograms(network, shape);
    const encode = await runtime.load(programs.encode);
    try {
      return { encode, step: await runtime.load(programs.step) };
    } catch (error) {
      await encode.close();
      throw error;
    }
  };
  return {
    async translate(source, real) {
      const [sentences, sourceLength] = source.shape as [number, number];
      const length = longest(sourceLength);
      const key = source.shape.join();
      const opened = sessions.get(key) ?? load({ sentences, sourceLength, length, beam });
      sessions.set(key, opened);
      const { encode, step } = await opened;
      await encode.run({ source }, { state });
      const rows = [sentences * beam];
      return beamSearch(
        async (tokens, parents, position) => {
          const feeds = {
            tokens: tensor(tokens, rows, "int32"),
            parents: tensor(parents, rows, "int32"),
            position: scalar(position, "int32"),
          };
          const next = await step.run(feeds, { state });
          return { tokens: next.likely!.data, logProbabilities: next.logProbabilities!.data as Float32Array };
        },
        { sentences, length, ...(real === undefined ? {} : { real }) },
        { beam, ...rest },
      );
    },
    async close() {
      const opened = await Promise.allSettled(sessions.values());
      for (const result of opened) {
        if (result.status === "rejected") continue;
        await result.value.encode.close();
        await result.value.step.close();
      }
      await state.close();
    },
  };
}
