export * from "./swap/swap-metric.js";
