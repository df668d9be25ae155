import { createRequire } from "node:module";

/** The version of this package. Not in the index of the room: a bundle of what reads files has no package beside it. */
export const version: string = (createRequire(import.meta.url)("../../../package.json") as { version: string }).version;
