import { decode as decodeJpeg } from "@cwasm/jpeg-turbo";
import { decode as decodePng } from "@cwasm/lodepng";
import jpegJs from "jpeg-js";
import { DataError, expectation } from "../../core/index.js";
import type { NamedBytes } from "../idx.js";
import type { Picture } from "../images/resample.js";

/**
 * Decodes a JPEG or PNG file, told by its first bytes, whatever its name. Grey becomes red = green = blue, CMYK becomes
 * RGB, 16 bits become 8; opacity, color profiles and Exif orientation are ignored, as torchvision ignores them.
 *
 * JPEG is decoded by libjpeg-turbo, to the same bits as Pillow; what that refuses, CMYK and files with stray bytes, by
 * jpeg-js, whose colors differ a little.
 *
 * @throws DataError if it is neither, cut short or damaged so that it cannot be decoded.
 */
export function decodeImage({ bytes, from }: NamedBytes): Picture {
  const decoders = decodersFor(bytes);
  if (decoders.length === 0) {
    const first = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new DataError(
      expectation(from, "a JPEG or PNG file", first === "" ? "an empty file" : `one that begins with ${first}`),
    );
  }
  let problem: unknown;
  for (const decode of decoders) {
    try {
      return decode(bytes);
    } catch (error) {
      problem = error;
    }
  }
  const got = `"${problem instanceof Error ? problem.message : problem}"`;
  throw new DataError(expectation(from, "an intact image", got, "fetch it again, or leave it out"), { cause: problem });
}

function decodersFor(bytes: Uint8Array): ((bytes: Uint8Array) => Picture)[] {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return isCmyk(bytes) ? [slowJpeg] : [decodeJpeg, slowJpeg];
  const png = [0x89, 0x50, 0x4e, 0x47];
  return png.every((byte, place) => bytes[place] === byte) ? [decodePng] : [];
}

function slowJpeg(bytes: Uint8Array): Picture {
  return jpegJs.decode(bytes, { useTArray: true });
}

/** Whether a JPEG's frame has four components. libjpeg-turbo would fail on it, and never free what it had allocated. */
function isCmyk(bytes: Uint8Array): boolean {
  let at = 2;
  while (at + 9 < bytes.length) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff) return false;
    if (marker === 0xff) {
      at++; // padding
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return bytes[at + 9] === 4;
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return false;
}
