import type { Rule } from "../call.js";
import { NotFollowed } from "../not-followed.js";

export const resize: Rule = () => {
  throw new NotFollowed("resizing is not followed yet");
};
