/** Parallel text for translation: subword vocabularies, batches by length, and BLEU. */
export * from "./batch-shapes.js";
export * from "./bleu.js";
export { learnMerges, type Merge, type Merges } from "./learn-merges.js";
export * from "./parallel-text.js";
export * from "./parse-vocabulary.js";
export * from "./text-batches.js";
export * from "./token-pairs.js";
export * from "./tokenize-13a.js";
export { learnVocabulary, special, specialTokens, type Vocabulary } from "./vocabulary.js";
export * from "./words.js";
