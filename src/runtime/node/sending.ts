import type { Tensor } from "../../core/index.js";

/**
 * Tensors ready to be sent to another thread, and those of their buffers that may change hands. What the caller gave
 * stays the caller's: it is copied on the way (or shared, in shared memory). What was made on the way is handed over.
 *
 * @param given The caller's tensors, by the names under which `tensors` has them or what was made of them.
 */
export function readyToSend(
  tensors: ReadonlyMap<string, Tensor>,
  given: Readonly<Record<string, Tensor>>,
): { readonly tensors: Record<string, Tensor>; readonly transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const sent = [...tensors].map(([name, tensor]) => {
    if (tensor !== given[name]) transfer.push(tensor.data.buffer as ArrayBuffer);
    // Of a view, sending would copy the whole buffer behind it.
    else if (tensor.data.byteLength < tensor.data.buffer.byteLength) {
      const data = tensor.data.slice() as Tensor["data"];
      transfer.push(data.buffer as ArrayBuffer);
      return [name, { ...tensor, data }] as const;
    }
    return [name, tensor] as const;
  });
  return { tensors: Object.fromEntries(sent), transfer };
}
