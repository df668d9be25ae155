import { describe, expect, it } from "vitest";
import * as g from "../../src/graph/index.js";
import { definePrimitive } from "../../src/graph/index.js";
import { checkGradient } from "./gradient-check.js";
import { distinct, normal } from "./random-tensors.js";

const x = distinct("x", [3, 4]);
const large = normal("large", [10, 20]);

describe("the gradient check", () => {
  it("passes where the derivative is right", () => {
    checkGradient({ x }, (v) => g.mul(g.exp(v.x!), v.x!));
    checkGradient({ x: large }, (v) => g.mul(v.x!, v.x!));
  });

  it("fails where part of the derivative is missing, element by element and along directions", () => {
    for (const at of [x, large]) {
      expect(() => checkGradient({ x: at }, (v) => g.mul(g.stopGradient(v.x!), v.x!))).toThrow(/^gradient by x: /);
      expect(() => checkGradient({ x: at }, (v) => g.stopGradient(v.x!))).toThrow(/relative L2 error 1\.00e\+0/);
    }
  });

  it("sees a relative error of a few millionths", () => {
    const almost = definePrimitive({
      ...g.expPrimitive,
      vjp: ({ cotangent, output }) => [g.mul(g.mul(cotangent, output), 1 + 3e-6)],
    });
    expect(() => checkGradient({ x }, (v) => g.apply(almost, [v.x!], {}))).toThrow(/3\.00e-6/);
  });

  it("fails where one of many elements is wrong", () => {
    const hole = definePrimitive({
      ...g.negPrimitive,
      vjp: ({ cotangent }) => [g.neg(g.pad(g.slice(cotangent, [0, 0], [10, 19]), [0, 0], [0, 1]))],
    });
    expect(() => checkGradient({ x: large }, (v) => g.apply(hole, [v.x!], {}))).toThrow();
  });

  it("reports a derivative that is absent, and one of another dtype", () => {
    const absent = definePrimitive({ ...g.negPrimitive, vjp: () => [] });
    expect(() => checkGradient({ x }, (v) => g.apply(absent, [v.x!], {}))).toThrow(/gradients 0$/);
    const wide = definePrimitive({
      ...g.negPrimitive,
      vjp: ({ cotangent }) => [g.cast(g.neg(cotangent), "float64")],
    });
    expect(() => checkGradient({ x }, (v) => g.apply(wide, [v.x!], {}))).toThrow("expected float32[3,4], got");
  });
});
