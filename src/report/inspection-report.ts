/** The smallest, the middle and the greatest of some numbers. */
export interface NumberRange {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** What a report shows of one weight. Every text in it is plain text. */
export interface InspectedRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: string;
  readonly invariance: string;
  readonly because: string;
  readonly guess?: true;
  readonly withoutEffect: boolean;
  /** What the norms are of: `channel`, `head` or `tensor`. */
  readonly normOf: string;
  readonly count: number;
  readonly norm?: NumberRange;
  readonly dead: readonly number[];
  /** Relative change of a normalized output for a relative change of the norm; absent: no ε, or not known. */
  readonly epsilon?: { readonly effect?: NumberRange };
  /** Radians per unit of gradient (SGD) or per step (AdamW). */
  readonly rate?: NumberRange;
  readonly equilibriumNorm?: number;
  /** What a numeric check found, where there was one. */
  readonly verified?: { readonly agrees: boolean; readonly found: string; readonly disagreement?: string };
}

/** What `normwise inspect` shows. */
export interface InspectionReport {
  /** What was inspected, such as a file. */
  readonly title: string;
  readonly weights: readonly InspectedRow[];
  readonly optimizer?: {
    readonly optimizer: string;
    readonly rate: number;
    readonly weightDecay: number;
    readonly momentum?: number;
    readonly beta1?: number;
  };
  readonly equilibrium?: { readonly rotation: number; readonly relaxationSteps: number; readonly power: number };
  readonly stepsPerEpoch?: number;
  readonly advice: readonly {
    readonly text: string;
    readonly because: string;
    readonly weights: readonly string[];
    readonly command?: string;
  }[];
  readonly unknown: readonly {
    readonly operator: string;
    readonly nodes: readonly string[];
    readonly reason?: string;
  }[];
  readonly notes: readonly string[];
}

/** What {@link InspectedRow.rate} is, in words. */
export function rateMeaning({ optimizer }: InspectionReport): { readonly label: string; readonly unit: string } {
  return optimizer?.optimizer === "adamw"
    ? { label: "η√C/‖w‖·√((1−β₁)/(1+β₁))", unit: "radians per step" }
    : { label: "η/((1−μ)‖w‖²)", unit: "radians per unit of gradient at unit norm" };
}

/** The sentences that say where the weights will settle. */
export function equilibriumText({ equilibrium, stepsPerEpoch, optimizer }: InspectionReport): string[] {
  if (!equilibrium || !optimizer) return [];
  const { rotation, relaxationSteps, power } = equilibrium;
  const degrees = (rotation * 180) / Math.PI;
  const epochs = stepsPerEpoch === undefined ? "" : ` (${three(relaxationSteps / stepsPerEpoch)} epochs)`;
  return [
    `At equilibrium every scale-invariant weight turns by ${three(rotation)} rad (${three(degrees)}°) per step.`,
    `The distance of ‖w‖${power === 4 ? "⁴" : "²"} from it falls by e in ${three(relaxationSteps)} steps${epochs}.`,
    ...(optimizer.optimizer === "adamw"
      ? []
      : ["The norm it has there, (ηE‖g̃‖²/(2λ(1−μ)))^¼, needs measured gradients: normwise trace tells it of a run."]),
  ];
}

const three = (value: number): string => String(Number(value.toPrecision(3)));
