import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeImage } from "../../../src/data/files/decode-image.js";
import { centreCut, resample } from "../../../src/data/index.js";

// Pictures and what torchvision makes of them: test/goldens/images/make.py.
const folder = "test/goldens/images";

interface Golden {
  readonly size: number;
  readonly pictures: Readonly<Record<string, GoldenPicture>>;
}

interface GoldenPicture {
  readonly width: number;
  readonly height: number;
  readonly centre: string;
  readonly regions: readonly { left: number; top: number; width: number; height: number; pixels: string }[];
}

const { size, pictures } = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as Golden;

/** jpeg-js, which decodes these, rounds otherwise than libjpeg-turbo, and does not smooth the color of 4:2:0. */
const levels: Readonly<Record<string, number>> = { "cmyk.jpg": 1, "stray-bytes.jpg": 24 };

test.each(Object.entries(pictures))("%s is what torchvision and Pillow make of it", (name, golden) => {
  const from = `${folder}/${name}`;
  const picture = decodeImage({ from, bytes: readFileSync(from) });
  expect([picture.width, picture.height]).toEqual([golden.width, golden.height]);
  const distances = [
    distance(resample(picture, centreCut(picture.width, picture.height, size)), golden.centre),
    ...golden.regions.map(({ pixels, ...region }) => {
      const whole = { toWidth: size, toHeight: size, windowLeft: 0, windowTop: 0, size, mirrored: false };
      return distance(resample(picture, { ...region, ...whole }), pixels);
    }),
  ];
  expect(Math.max(...distances)).toBeLessThanOrEqual(levels[name] ?? 0);
});

/** The largest difference of two images, in levels of 255. */
function distance(made: Uint8Array, golden: string): number {
  const expected = Buffer.from(golden, "base64");
  expect(made.length).toBe(expected.length);
  return Math.max(...made.map((value, place) => Math.abs(value - expected[place]!)));
}

test("a mirrored cut is the cut, mirrored", () => {
  const picture = decodeImage({ from: "odd", bytes: readFileSync(`${folder}/odd.png`) });
  const cut = centreCut(picture.width, picture.height, size);
  const [plain, mirrored] = [resample(picture, cut), resample(picture, { ...cut, mirrored: true })];
  for (let line = 0; line < 3 * size; line++) {
    const row = (image: Uint8Array) => [...image.subarray(line * size, (line + 1) * size)];
    expect(row(mirrored)).toEqual(row(plain).reverse());
  }
});
