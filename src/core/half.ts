const bits = new DataView(new ArrayBuffer(4));

/** The nearest IEEE binary16 value (ties to even), as its 16 bits. */
export function toFloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00; // halfway from 65504 to the next power rounds to infinity
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24); // subnormal; may round up to normal
  const exponent = Math.floor(Math.log2(magnitude));
  const scaled = roundToEven((magnitude / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + scaled); // a carry of the mantissa raises the exponent
}

/** The value of 16 bits of IEEE binary16. */
export function fromFloat16Bits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15));
}

/** The nearest bfloat16 value (ties to even), as its 16 bits. */
export function toBfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  bits.setFloat32(0, value);
  let word = bits.getUint32(0);
  // Where float32 lies halfway between two results, what it cut off decides.
  if ((word & 0xffff) === 0x8000) word += Math.sign(Math.abs(value) - Math.abs(bits.getFloat32(0)));
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of 16 bits of bfloat16. */
export function fromBfloat16Bits(half: number): number {
  bits.setUint32(0, half << 16);
  return bits.getFloat32(0);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
