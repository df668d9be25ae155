"""Deterministic tensors, the twin of test/support/golden-values.ts: each element is a hash of (name, index)."""

import numpy as np


def name_seed(name):
    """FNV-1a of the ASCII name."""
    seed = 0x811C9DC5
    for byte in name.encode("ascii"):
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return seed


def hashes(name, count):
    """uint32 per element: murmur3's finalizer of seed + index * 0x9e3779b1."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(name_seed(name))
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def uniform(name, count):
    """Multiples of 2^-23 in [-1, 1): exact in float32."""
    return (hashes(name, count) >> np.uint32(8)).astype(np.float64) * 2.0**-23 - 1.0


def initial(seed, name, shape):
    """Initial value of a parameter or buffer, float32 numbers held in float64."""
    count = int(np.prod(shape))
    noise = uniform(f"{seed}/{name}", count)
    if name.endswith("running_mean"):
        values = np.zeros(count)
    elif name.endswith("running_var"):
        values = np.ones(count)
    elif len(shape) > 1:  # He initialization: variance 2 / fan-in, uniform
        scale = float(np.float32(np.sqrt(6.0 / (count / shape[0]))))
        values = noise * scale
    elif name.endswith("bias"):
        values = noise * 0.125
    else:  # the gain of a batch-norm
        values = 1.0 + noise * 0.25
    return values.astype(np.float32).astype(np.float64).reshape(shape)


def images(seed, step, batch, size=32):
    """Bytes [batch, 3, size, size]: a blocky pattern of the class, and noise, half each; and the labels."""
    labels = (hashes(f"{seed}/labels/{step}", batch) % np.uint32(10)).astype(np.int64)
    noise = (hashes(f"{seed}/images/{step}", batch * 3 * size * size) & np.uint32(255)).reshape(batch, 3, size, size)
    patterns = np.stack([hashes(f"{seed}/class/{k}", 48) & np.uint32(255) for k in range(10)]).reshape(10, 3, 4, 4)
    blocks = patterns.repeat(size // 4, axis=2).repeat(size // 4, axis=3)
    return ((blocks[labels] + noise) >> np.uint32(1)).astype(np.uint8), labels


def summary(name, values):
    """What is kept of a tensor: norm, sum, products with three hashed vectors, the first elements."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return {
        "norm": float(np.linalg.norm(flat)),
        "sum": float(flat.sum()),
        "probes": [float(flat @ uniform(f"probe/{k}/{name}", flat.size)) for k in range(3)],
        "first": [float(v) for v in flat[:8]],
    }
