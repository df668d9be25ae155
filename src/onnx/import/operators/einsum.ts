import { DataError, expectation } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Rule } from "../call.js";
import { follows } from "../not-followed.js";

/** A value whose axes have letters. */
interface Lettered {
  readonly value: Value;
  readonly letters: string;
}

/** Sums of products by letters, such as `bhqd,bhkd->bhqk`: one matrix product for each further operand. */
export const einsum: Rule = (call) => {
  const equation = call.at.text("equation").replaceAll(" ", "");
  follows(!equation.includes("."), "an ellipsis is not followed");
  const [left = "", right] = equation.split("->");
  const operands = left.split(",").map((letters, place): Lettered => {
    const value = call.weight(place);
    follows(new Set(letters).size === letters.length, "a letter twice in one operand is not followed");
    if (value.rank !== letters.length)
      throw new DataError(expectation(call.where, `${letters.length} axes for ${letters}`, `[${value.shape}]`));
    return { value, letters };
  });
  const result =
    right ??
    [...new Set(left)]
      .filter((letter) => letter !== "," && left.split(letter).length === 2)
      .sort()
      .join("");
  follows(
    [...result].every((letter) => left.includes(letter)),
    `${equation} makes a letter of nothing`,
  );
  const [first, ...others] = operands;
  let all = first!;
  for (const [place, other] of others.entries()) {
    const later =
      result +
      others
        .slice(place + 1)
        .map(({ letters }) => letters)
        .join("");
    all = multiplied(all, other, later);
  }
  return arranged(summed(all, result), result);
};

const pick = (letters: string, from: (letter: string) => boolean): string => [...letters].filter(from).join("");

/** Sums over the axes whose letters are not wanted. */
function summed({ value, letters }: Lettered, wanted: string): Lettered {
  const axes = [...letters].flatMap((letter, axis) => (wanted.includes(letter) ? [] : [axis]));
  const kept = value.shape.filter((_, axis) => !axes.includes(axis));
  return {
    value: g.reshape(g.reduceSum(value, axes), kept),
    letters: pick(letters, (letter) => wanted.includes(letter)),
  };
}

const arranged = ({ value, letters }: Lettered, order: string): Value =>
  g.transpose(
    value,
    [...order].map((letter) => letters.indexOf(letter)),
  );

/** Two operands as a batch of matrix products: [shared and kept, own, contracted] × [shared and kept, contracted, own]. */
function multiplied(a: Lettered, b: Lettered, later: string): Lettered {
  const [left, right] = [summed(a, later + b.letters), summed(b, later + a.letters)];
  const batch = pick(left.letters, (letter) => right.letters.includes(letter) && later.includes(letter));
  const inner = pick(left.letters, (letter) => right.letters.includes(letter) && !later.includes(letter));
  const [rows, columns] = [
    pick(left.letters, (l) => !right.letters.includes(l)),
    pick(right.letters, (l) => !left.letters.includes(l)),
  ];
  const sizes = new Map(
    [left, right].flatMap(({ value, letters }) =>
      [...letters].map((letter, axis) => [letter, value.shape[axis]!] as const),
    ),
  );
  const along = (letters: string): number[] => [...letters].map((letter) => sizes.get(letter)!);
  const count = (letters: string): number => along(letters).reduce((product, size) => product * size, 1);
  const shaped = (x: Lettered, order: string, ends: readonly number[]): Value =>
    g.reshape(arranged(x, order), [...along(batch), ...ends]);
  const product = g.matmul(
    shaped(left, batch + rows + inner, [count(rows), count(inner)]),
    shaped(right, batch + inner + columns, [count(inner), count(columns)]),
  );
  return { value: g.reshape(product, along(batch + rows + columns)), letters: batch + rows + columns };
}
