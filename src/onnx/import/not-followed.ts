import { NormwiseError } from "../../core/index.js";

/** Thrown by a rule for a form of its operator that it does not know: the node then counts as an unknown operator. */
export class NotFollowed extends NormwiseError {
  override readonly name = "NotFollowed";
}

/** Throws a {@link NotFollowed} unless the condition holds. */
export function follows(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new NotFollowed(reason);
}
