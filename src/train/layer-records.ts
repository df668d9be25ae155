import { cosines, type WeightTensor } from "../dynamics/index.js";
import { median } from "../optim/index.js";
import type { Measurement } from "./engine.js";
import type { LayerRecord, NormRow, Spread } from "./records.js";

/** A measurement's smallest, middle and largest values per layer. */
export function layerRecords({ norms, effectiveRates, rotations }: Measurement): Record<string, LayerRecord> {
  return Object.fromEntries(
    [...norms].map(([name, norm]) => [
      name,
      {
        norm: spread(norm),
        effectiveRate: spread(effectiveRates.get(name)!),
        rotation: spread(rotations.get(name)!),
      },
    ]),
  );
}

/** A measurement in full, for the norm log; `step` is counted from 1. */
export function normRows(step: number, { norms, rotations, gradients }: Measurement): NormRow[] {
  return [...norms].map(([layer, norm]) => ({
    layer,
    step,
    norm: Float32Array.from(norm),
    rotation: Float32Array.from(rotations.get(layer)!),
    ...(gradients ? { gradient: Float32Array.from(gradients.get(layer)!) } : {}),
  }));
}

function spread(values: Float64Array): Spread {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** Cosine between two weights' directions, mean over channels (axis 0). A channel that is all zero is left out. */
export function meanDirectionCosine(weight: WeightTensor, reference: WeightTensor): number {
  const known = cosines(weight, reference).filter(Number.isFinite);
  return known.length === 0 ? Number.NaN : known.reduce((sum, cosine) => sum + cosine, 0) / known.length;
}
