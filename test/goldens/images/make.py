"""Pictures, and what torchvision makes of them: run here, it writes the pictures and golden.json beside itself.

Made with torchvision 0.14.1, Pillow 9.4.0 (libjpeg-turbo) and NumPy.
"""

import base64
import io
import json

import numpy as np
import PIL
import torchvision
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

SIZE = 28
random = np.random.default_rng(1)


def picture(width, height):
    """Smooth color with some texture and a hard edge."""
    y, x = np.mgrid[:height, :width]
    layers = []
    for _ in range(3):
        a, b, c = random.uniform(0.02, 0.3, 3)
        layers.append(127 + 70 * np.sin(a * x + b * y) + 40 * np.cos(c * x * y / 20))
    pixels = np.stack(layers, axis=2) + random.normal(size=(height, width, 3)) * 8
    pixels[: height // 3, width // 2 :] = 255 - pixels[: height // 3, width // 2 :]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def stray(image):
    """A JPEG with bytes that belong to nothing before its end: decoders warn and go on."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()[:-2] + bytes([0, 1, 2, 3]) + buffer.getvalue()[-2:]


pictures = {
    "wide.jpg": picture(122, 75),
    "tall.jpg": picture(51, 97),
    "full-color.jpg": picture(64, 64),
    "progressive.jpg": picture(83, 60),
    "grey.jpg": picture(70, 50).convert("L"),
    "cmyk.jpg": picture(60, 44).convert("CMYK"),
    "tiny.png": picture(9, 7),
    "odd.png": picture(67, 43),
    "grey.png": picture(40, 33).convert("L"),
    "palette.png": picture(45, 45).convert("P", palette=Image.ADAPTIVE),
    "opacity.png": picture(41, 50).convert("RGBA"),
}
pictures["opacity.png"].putalpha(Image.linear_gradient("L").resize((41, 50)))
options = {
    "full-color.jpg": {"subsampling": 0},
    "progressive.jpg": {"progressive": True},
}
for name, image in pictures.items():
    image.save(name, **({"quality": 90} if name.endswith(".jpg") else {}), **options.get(name, {}))
with open("stray-bytes.jpg", "wb") as file:
    file.write(stray(picture(56, 48)))

centre = transforms.Compose([transforms.Resize(round(SIZE * 256 / 224)), transforms.CenterCrop(SIZE)])


def planes(image):
    return base64.b64encode(np.asarray(image).transpose(2, 0, 1).tobytes()).decode()


golden = {"madeWith": {"torchvision": torchvision.__version__, "Pillow": PIL.__version__}, "size": SIZE, "pictures": {}}
for name in [*pictures, "stray-bytes.jpg"]:
    image = Image.open(name).convert("RGB")
    width, height = image.size
    regions = []
    for w, h in [(width, height), (max(1, width // 2), max(1, height // 3)), (5, 5), (1, height)]:
        left, top = int(random.integers(width - w + 1)), int(random.integers(height - h + 1))
        made = functional.resized_crop(image, top, left, h, w, [SIZE, SIZE])
        regions.append({"left": left, "top": top, "width": w, "height": h, "pixels": planes(made)})
    golden["pictures"][name] = {"width": width, "height": height, "centre": planes(centre(image)), "regions": regions}
with open("golden.json", "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
