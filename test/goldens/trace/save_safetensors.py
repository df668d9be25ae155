import json
import struct


def save_safetensors(tensors, path, **metadata):
    """Writes a state_dict, such as model.state_dict(), as a safetensors file; counters and other integers are left out."""
    kinds = {"torch.float64": "F64", "torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "F32"}
    header, parts, end = {"__metadata__": {key: str(value) for key, value in metadata.items()}}, [], 0
    for name, tensor in tensors.items():
        if str(tensor.dtype) in kinds:
            exact = tensor.detach().cpu().float() if str(tensor.dtype) == "torch.bfloat16" else tensor.detach().cpu()
            parts.append(exact.contiguous().numpy().tobytes())
            begin, end = end, end + len(parts[-1])
            header[name] = {"dtype": kinds[str(tensor.dtype)], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.writelines([struct.pack("<Q", len(text)), text, *parts])
