/**
 * C += A · Bᵀ for row-major blocks A [m, k], B [n, k] and C [m, n] that start at the given offsets.
 *
 * Both operands are read along k, so every stream is contiguous; tiles of 4 × 2 sums stay in registers.
 */
export function gemm(
  m: number,
  n: number,
  k: number,
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  c: Float64Array,
  cStart: number,
): void {
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    const a0 = aStart + i * k;
    const a1 = a0 + k;
    const a2 = a1 + k;
    const a3 = a2 + k;
    const c0 = cStart + i * n;
    let j = 0;
    for (; j + 2 <= n; j += 2) {
      const b0 = bStart + j * k;
      const b1 = b0 + k;
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      let s20 = 0;
      let s21 = 0;
      let s30 = 0;
      let s31 = 0;
      for (let t = 0; t < k; t++) {
        const left = b[b0 + t]!;
        const right = b[b1 + t]!;
        const first = a[a0 + t]!;
        s00 += first * left;
        s01 += first * right;
        const second = a[a1 + t]!;
        s10 += second * left;
        s11 += second * right;
        const third = a[a2 + t]!;
        s20 += third * left;
        s21 += third * right;
        const fourth = a[a3 + t]!;
        s30 += fourth * left;
        s31 += fourth * right;
      }
      const at = c0 + j;
      c[at]! += s00;
      c[at + 1]! += s01;
      c[at + n]! += s10;
      c[at + n + 1]! += s11;
      c[at + 2 * n]! += s20;
      c[at + 2 * n + 1]! += s21;
      c[at + 3 * n]! += s30;
      c[at + 3 * n + 1]! += s31;
    }
    for (; j < n; j++)
      for (let row = 0; row < 4; row++) c[c0 + row * n + j]! += dot(k, a, a0 + row * k, b, bStart + j * k);
  }
  for (; i < m; i++) for (let j = 0; j < n; j++) c[cStart + i * n + j]! += dot(k, a, aStart + i * k, b, bStart + j * k);
}

/** The transpose of a row-major matrix [rows, columns] that starts at an offset, written to `out`. */
export function transposed(
  data: Float64Array,
  start: number,
  rows: number,
  columns: number,
  out = new Float64Array(rows * columns),
): Float64Array {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[start + row * columns + column]!;
  }
  return out;
}

function dot(k: number, a: Float64Array, aStart: number, b: Float64Array, bStart: number): number {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}
