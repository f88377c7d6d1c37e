# SPDX-License-Identifier: Apache-2.0
"""Builders of archives as torch.export.save writes them, right or wrong."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

OPERATOR = "torch.ops.aten.add.Tensor"


def number(value: int) -> dict[str, int]:
    return {"as_int": value}


def node(target: str = OPERATOR) -> dict[str, Any]:
    """Return a node of a graph."""
    return {"target": target, "inputs": [], "outputs": [{"as_tensor": {"name": "y"}}], "name": "y"}


def program(*targets: str, expression: str = "", guard: str = "", spec: str = "") -> dict[str, Any]:
    """Return a graph."""
    nodes = [node(target) for target in targets or (OPERATOR,)]
    size = {"as_expr": {"expr_str": expression, "hint": None}} if expression else number(2)
    graph = {"inputs": [], "outputs": [], "nodes": nodes, "tensor_values": {"x": {"sizes": [size]}}}
    calls = [{"fqn": "", "signature": {"in_spec": spec, "out_spec": ""}}]
    module = {"graph": graph, "signature": {}, "module_call_graph": calls}
    return {"graph_module": module, "guards_code": [guard] if guard else []}


def payload(path: str, *shape: int, dtype: int = 7, pickled: bool = False) -> dict[str, Any]:
    """Return the entry of a tensor in a table, contiguous."""
    strides = [number(1)] * len(shape)
    meta = {
        "dtype": dtype,
        "sizes": [number(length) for length in shape],
        "strides": strides,
        "storage_offset": number(0),
    }
    return {"path_name": path, "is_param": True, "use_pickle": pickled, "tensor_meta": meta}


def pt2(
    graph: Mapping[str, Any] | None = None,
    weights: Mapping[str, tuple[dict[str, Any], bytes]] | None = None,
    **more: bytes,
) -> bytes:
    """Return an archive; further members are named by their path with `__` for `/`."""
    weights = {"w": (payload("weight_0", 4), bytes(16))} if weights is None else weights
    members: dict[str, bytes] = {
        f"data/weights/{entry['path_name']}": data for entry, data in weights.values()
    }
    table = {"config": {name: entry for name, (entry, _) in weights.items()}}
    members["data/weights/model_weights_config.json"] = json.dumps(table).encode()
    members["models/model.json"] = json.dumps(graph or program()).encode()
    members |= {"archive_format": b"pt2", "archive_version": b"0", "byteorder": b"little"}
    members |= {name.replace("__", "/"): data for name, data in more.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(f"model/{name}"), data)
    return file.getvalue()
