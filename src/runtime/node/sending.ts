import type { Tensor } from "../../core/index.js";

/**
 * Tensors ready to be sent to another thread, and those of their buffers that may change hands. What the caller gave
 * stays the caller's: it is copied on the way (or shared, in shared memory). What was made on the way is handed over.
 *
 * @param given The caller's tensors, by the names under which `tensors` has them or what was made of them.
 * @param handedOver Whether what the caller gave changes hands too, unless it is part of something larger.
 */
export function readyToSend(
  tensors: ReadonlyMap<string, Tensor>,
  given: Readonly<Record<string, Tensor>>,
  handedOver = false,
): { readonly tensors: Record<string, Tensor>; readonly transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>();
  const handOver = (tensor: Tensor): Tensor => {
    if (!(tensor.data.buffer instanceof SharedArrayBuffer)) transfer.add(tensor.data.buffer);
    return tensor;
  };
  const sent = [...tensors].map(([name, tensor]) => {
    const { data } = tensor;
    if (tensor !== given[name]) return [name, handOver(tensor)] as const;
    // Of a view, sending would copy the whole buffer behind it; shared memory is not copied at all.
    const part = data.byteLength < data.buffer.byteLength && !(data.buffer instanceof SharedArrayBuffer);
    if (part) return [name, handOver({ ...tensor, data: data.slice() as Tensor["data"] })] as const;
    return [name, handedOver ? handOver(tensor) : tensor] as const;
  });
  return { tensors: Object.fromEntries(sent), transfer: [...transfer] };
}
