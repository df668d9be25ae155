import type { Primitive, PrimitiveName, Value } from "../../graph/index.js";
import type { Make } from "./simplify.js";

/** The application of a primitive that a rule may put in another way. */
export interface Application {
  readonly primitive: Primitive;
  /** Simplified already. */
  readonly inputs: readonly Value[];
  readonly params: object;
  readonly make: Make;
}

/** An identity: gives what to compute instead, or nothing where it does not apply. */
export type Simplification = (application: Application) => Value | undefined;

/** The inputs of a value that is the application of the named primitive. */
export function inputsOf({ source }: Value, name: PrimitiveName): readonly Value[] | undefined {
  return source.kind === "apply" && source.primitive.name === name ? source.inputs : undefined;
}

/** The parameters of a value that is the application of a primitive. */
export const paramsOf = ({ source }: Value): object => (source.kind === "apply" ? source.params : {});
