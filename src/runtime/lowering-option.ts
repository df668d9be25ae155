/** How programs may be said in ONNX: `auto` is `blocked` where the machine can run it, else `portable`. */
export const loweringOptions = ["auto", "blocked", "portable"] as const;

/** One of {@link loweringOptions}. */
export type LoweringOption = (typeof loweringOptions)[number];
