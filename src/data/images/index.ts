/** Pictures of any size as square images: which region, and how it is resized. */
export { type Cut, centreCut, randomCut } from "./cut.js";
export { type Picture, resample } from "./resample.js";
export { viewOf } from "./view.js";
