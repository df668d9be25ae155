"""Makes all-dtypes.safetensors with the reference implementation: pip install safetensors numpy; python make_safetensors.py

Run with safetensors 0.8.0, numpy 2.4.6, Python 3.11.2. With a file as argument, prints what the reference reads in it.
"""

import json
import sys

import numpy
import safetensors
from safetensors import TensorSpec, safe_open, serialize_file

if len(sys.argv) > 1:
    with safe_open(sys.argv[1], "numpy") as file:
        print(json.dumps(file.metadata(), sort_keys=True))
    header_and_data = safetensors.deserialize(open(sys.argv[1], "rb").read())
    for name, entry in sorted(header_and_data):
        print(json.dumps([name, entry["dtype"], list(entry["shape"]), bytes(entry["data"]).hex()]))
else:
    arrays = {
        "f64": ("float64", numpy.array([[1.5, -2.25], [numpy.pi, 5e-324]], "<f8")),
        "f32": ("float32", numpy.array([0.1, -0.0, numpy.inf], "<f4")),
        "f16": ("float16", numpy.array([1, 2.5, 65504], "<f2")),
        "bf16": ("bfloat16", numpy.array([0x3F80, 0xC0A0], "<u2")),
        "i64": ("int64", numpy.array([-(2**63), 2**63 - 1], "<i8")),
        "i32": ("int32", numpy.array([[-7], [2**31 - 1]], "<i4")),
        "u8": ("uint8", numpy.array([0, 255, 7], "u1")),
        "bool": ("bool", numpy.array([True, False, True])),
        "scalar": ("float32", numpy.array(3.5, "<f4")),
        "empty": ("float32", numpy.zeros((0, 3), "<f4")),
        "größe/✓": ("float32", numpy.array([42], "<f4")),
    }
    serialize_file(
        {n: TensorSpec(dtype=d, shape=a.shape, data_ptr=a.ctypes.data, data_len=a.nbytes) for n, (d, a) in arrays.items()},
        "all-dtypes.safetensors",
        {"made by": "safetensors 0.8.0", "quote": '"\\ü'},
    )
