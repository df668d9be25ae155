import type * as ort from "onnxruntime-node";
import { freeMemory } from "./free-memory.js";

/** The tensors of a state, by name. */
export interface HeldTensors {
  get(name: string): ort.Tensor | undefined;
  /** Puts tensors in the place of those of their names, whose memory is free at once. */
  replace(tensors: Iterable<readonly [name: string, tensor: ort.Tensor]>): void;
  /** Frees all of them. */
  free(): void;
}

/** A state that holds nothing. */
export function heldTensors(): HeldTensors {
  const held = new Map<string, ort.Tensor>();
  const free = (tensors: Iterable<ort.Tensor>): void =>
    freeMemory([...new Set([...tensors].map(memoryOf))] as ArrayBuffer[]);
  return {
    get: (name) => held.get(name),
    replace(tensors) {
      const replaced: ort.Tensor[] = [];
      for (const [name, tensor] of tensors) {
        const old = held.get(name);
        if (old) replaced.push(old);
        held.set(name, tensor);
      }
      const kept = new Set([...held.values()].map(memoryOf)); // several may lie in the same memory
      free(replaced.filter((old) => !kept.has(memoryOf(old))));
    },
    free: () => free(held.values()),
  };
}

const memoryOf = ({ data }: ort.Tensor): ArrayBufferLike => (data as Float32Array).buffer;
