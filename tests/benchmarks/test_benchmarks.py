# SPDX-License-Identifier: Apache-2.0
"""The benchmarks measure what they say: valid files, honest costs, whole tables."""

import sys
from pathlib import Path

import msgspec
import pytest
from benchmarks import weights
from benchmarks.measure import cost
from benchmarks.tables import RESULTS, TABLES, table

from steelyard.core.limits import Limits
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource

FORMATS = {"safetensors": "safetensors", "torch_zip": "torch", "gguf": "gguf"}


@pytest.mark.parametrize("maker", FORMATS)
def test_the_weights_that_are_measured_are_valid(maker: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    getattr(weights, maker)(path, 1 << 21)
    layers = list(parts(path.name, BytesSource(path.read_bytes()), Budget(Limits())))
    assert layers[0].format == FORMATS[maker]
    assert [layer.unread for layer in layers if layer.unread] == []
    assert [layer.content.flaws for layer in layers if layer.content.flaws] == []
    assert path.stat().st_size >= 1 << 21


def test_a_cost_counts_children_and_keeps_the_output(tmp_path: Path) -> None:
    busy = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))'])"
    spent = cost([sys.executable, "-c", busy + "; print('done'); sys.exit(3)"], folder=tmp_path)
    assert spent.code == 3
    assert spent.output == "done\n"
    assert spent.cpu_s > cost([sys.executable, "-c", ""]).cpu_s
    assert spent.wall_s > 0


def test_a_run_that_takes_too_long_is_ended() -> None:
    spent = cost([sys.executable, "-c", "while True: pass"], limit_s=0.2)
    assert spent.code == -9
    assert spent.wall_s < 10


@pytest.mark.parametrize("name", TABLES)
def test_a_result_makes_a_table_with_every_tool(name: str) -> None:
    if not (RESULTS / f"{name}.json").exists():
        pytest.skip("not measured yet")
    assert "steelyard" in table(name)


def test_rows_that_are_older_than_their_table_are_left_out(tmp_path: Path) -> None:
    head = {"command": "make bench", "date": "2026-11-21", "machine": "one core"}
    new = {"what": "new", "value": 1.5, "unit": "s"}
    write(tmp_path, "startup", {**head, "rows": [{"what": "old", "seconds": 2}, new]})
    shown = table("startup", tmp_path)
    assert "| new | 1.5 s |" in shown
    assert "old |" not in shown
    assert shown.endswith("Not measured yet: 1 rows that are older than this table.")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("rows", [[], [{"an older": "row"}]])
def test_a_file_that_is_older_than_its_table_was_not_measured(
    name: str, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    write(tmp_path, name, {"rows": rows})
    assert table(name, tmp_path) == "*Not measured yet.*"


def write(folder: Path, name: str, result: object) -> None:
    (folder / f"{name}.json").write_bytes(msgspec.json.encode(result))
