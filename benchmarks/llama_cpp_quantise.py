# SPDX-License-Identifier: Apache-2.0
"""Write a llama of transformers' form as GGUF, and let llama.cpp quantise it.

PYTHON llama_cpp_quantise.py FOLDER TARGET.gguf TYPE... writes TARGET-TYPE.gguf beside it. PYTHON needs
the packages gguf, numpy and cyllama, which are no dependencies of this project.
"""

import json
import sys
from pathlib import Path

import numpy
from gguf import MODEL_ARCH, GGMLQuantizationType, GGUFWriter, TensorNameMap, get_tensor_name_map


def tensors(path: Path):
    """Yield names and single-precision arrays of a safetensors file of bfloat16 or float32."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        raw = numpy.frombuffer(data[start:end], numpy.uint16 if entry["dtype"] == "BF16" else "f4")
        if entry["dtype"] == "BF16":
            raw = (raw.astype(numpy.uint32) << 16).view(numpy.float32)
        yield name, raw.reshape(entry["shape"])


def permuted(array, heads: int):
    """Return rows in ggml's order, as llama.cpp's converter puts them (conversion/llama.py)."""
    halves = array.reshape(heads, 2, array.shape[0] // heads // 2, array.shape[1])
    return halves.swapaxes(1, 2).reshape(array.shape)


def write(folder: Path, target: Path) -> None:
    """Write a GGUF file of float32 numbers."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    writer = GGUFWriter(target, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    names: TensorNameMap = get_tensor_name_map(MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, array in tensors(folder / "model.safetensors"):
        if name.endswith("q_proj.weight"):
            array = permuted(array, config["num_attention_heads"])
        if name.endswith("k_proj.weight"):
            array = permuted(array, config["num_key_value_heads"])
        stem = names.get_name(name, try_suffixes=(".weight",))
        writer.add_tensor(stem, numpy.ascontiguousarray(array), raw_dtype=GGMLQuantizationType.F32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Write and quantise."""
    from cyllama.llama import llama_cpp

    folder, target, *kinds = sys.argv[1:]
    write(Path(folder), Path(target))
    for kind in kinds:
        params = llama_cpp.LlamaModelQuantizeParams()
        params.ftype = _FTYPES[kind]
        params.nthread = 1
        llama_cpp.model_quantize(target, target.replace(".gguf", f"-{kind}.gguf"), params)


_FTYPES = {
    "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q2_K": 10, "Q3_K_M": 12, "Q4_K_M": 15, "Q5_K_M": 17, "Q6_K": 18,
}  # fmt: skip

if __name__ == "__main__":
    main()
