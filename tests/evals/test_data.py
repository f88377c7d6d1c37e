# SPDX-License-Identifier: Apache-2.0
"""Rows of data sets: found by name, read as they stand, hostile ones named with their place."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.errors import AbsentError, MalformedError, SteelyardError
from steelyard.evals.data_find import found_files
from steelyard.evals.data_load import Wanted, load
from steelyard.evals.data_read import read_split
from steelyard.evals.data_rows import Shape


def read(path: Path, shape: Shape = Shape(), keep: int | None = None) -> Sequence[object]:  # noqa: B008
    return read_split("test", [(path, path.name)], shape=shape, keep=keep).rows


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_rows_of_a_parquet_file_are_read_as_they_stand(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install pyarrow")
    rows = [{"q": "None", "n": 1, "list": ["a", "b"]}, {"q": "0.50", "n": None, "list": []}]
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == rows


def test_texts_of_a_csv_file_stay_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'q,c\n"None, he said",None\n0.50,\n')
    assert read(path) == [{"q": "None, he said", "c": "None"}, {"q": "0.50", "c": ""}]


def test_a_column_of_whole_numbers_alone_is_numbers_though_few_rows_are_kept(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.csv", "label,a,b,c\n0,1,1.0,7\n-1,2,2,\n3,None,3,8\n")
    assert read(path, keep=2) == [
        {"label": 0, "a": "1", "b": "1.0", "c": "7"},
        {"label": -1, "a": "2", "b": "2", "c": ""},
    ]


def test_a_csv_file_without_a_header_takes_the_names_of_the_task(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "1,02\n3,4\n")
    assert read(path, Shape(columns=("x", "y"))) == [{"x": 1, "y": "02"}, {"x": 3, "y": "4"}]


def test_a_row_that_lacks_a_column_has_none_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"a": 1}\n\n{"b": "é"}\n')
    assert read(path) == [{"a": 1, "b": None}, {"b": "é", "a": None}]


def test_columns_and_digest_are_of_the_whole_file_though_few_rows_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"a": 1}\n{"a": 2, "b": 3}\n')
    split = read_split("test", [(path, "a.jsonl")], keep=1)
    assert (split.rows, split.columns) == ([{"a": 1, "b": None}], ("a", "b"))
    (file,) = split.files
    assert file.digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert (file.rows, file.size) == (2, path.stat().st_size)


@pytest.mark.parametrize("text", ['[{"a": 1}]', '[\n {"a": 1}\n]', '{"a": 1}', '{"a": [1]}\n'])
def test_json_is_a_list_or_a_value_a_line(tmp_path: Path, text: str) -> None:
    (row,) = read(write(tmp_path / "a.json", text))
    assert isinstance(row, dict)
    assert list(row) == ["a"]


def test_a_field_of_a_document_holds_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '{"canary": "x", "examples": [{"a": 1}]}')
    assert read(path, Shape(field="examples")) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('{"canary": "x", "examples": [{"a": 1}, {"a": 2}]}', [{"a": 1}, {"a": 2}]),
        ('{\n "version": 1,\n "data": [{"a": 1}]\n}\n', [{"a": 1}]),
        ('{"q": "x", "examples": [{"a": 1}]}\n{"q": "y", "examples": []}\n', None),
        ('{"q": "x", "options": [{"a": 1}]}', None),
        ('{"rows": [{"a": 1}], "data": [{"b": 1}]}', None),
    ],
)
def test_one_object_may_hold_all_rows_beside_remarks(
    tmp_path: Path, text: str, rows: list[object] | None
) -> None:
    path = write(tmp_path / "a.json", text)
    found = read(path)
    assert found == rows if rows else "a" not in found[0]


def test_a_text_is_rows_by_line_paragraph_or_document(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "a\nb\n\nc\n")
    assert [len(read(path, Shape(sample_by=how))) for how in ("line", "paragraph", "document")] == [
        4,
        2,
        1,
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": NaN}\n', "'a.jsonl' row 2: NaN is no value in JSON"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "'a.jsonl' row 2: "),
        ("a.jsonl", b"[1]\n[2]\n", "'a.jsonl'"),
        ("a.jsonl", b'{"a": "\xff"}\n', "no UTF-8"),
        ("a.csv", b"a,b\n1\n", "'a.csv' line 2: 1 values for 2 columns"),
        ("a.csv", b"a,a\n1,2\n", "the column 'a' stands there twice"),
        ("a.csv", b"a\n\xe9\n", "no UTF-8"),
        ("a.json", b"{}", ""),
        ("a.json", b"", "holds no rows"),
        ("a.json", b"[1]", "'a.json' row 1: a int, where a row maps names to values"),
        ("a.txt", b"\xff\n", "'a.txt' row 1 is no UTF-8"),
        ("a.bin", b"", ".bin is no kind of data"),
        ("a.parquet", b"PAR1", "a.parquet"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    path = write(tmp_path / name, data)
    if not said:
        assert read(path) == [{}]
        return
    with pytest.raises(SteelyardError) as caught:
        read(path)
    assert said in str(caught.value)


@given(st.binary(max_size=200), st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.txt"]))
def test_any_bytes_are_rows_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        read(path)
    except SteelyardError as error:
        assert error.message


@pytest.mark.parametrize(
    ("files", "config", "split", "wanted"),
    [
        (["test/anatomy.jsonl", "dev/anatomy.jsonl"], "anatomy", "test", ["test/anatomy.jsonl"]),
        (["et/test.et.jsonl", "et/val.et.jsonl"], "et", "validation", ["et/val.et.jsonl"]),
        (
            ["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"],
            "",
            "test",
            None,
        ),
        (["anatomy/test-00000-of-00001.parquet"], "anatomy", "test", None),
        (["anatomy_test.csv", "anatomy_dev.csv"], "anatomy", "test", ["anatomy_test.csv"]),
        (["Age.jsonl", "SES.jsonl"], "Age", "test", ["Age.jsonl"]),
        (["test.jsonl", "other/test.jsonl"], "", "test", ["test.jsonl"]),
        (["test.jsonl", "test.csv"], "", "test", ["test.csv"]),
        (["README.md"], "", "test", []),
        (["b/test.jsonl"], "a", "test", []),
    ],
)
def test_files_of_a_split_are_told_by_their_names(
    files: list[str], config: str, split: str, wanted: list[str] | None
) -> None:
    assert found_files(files, config, split) == (files if wanted is None else wanted)


def test_absent_data_is_asked_for_with_name_address_and_licence(tmp_path: Path) -> None:
    wanted = Wanted(path="cais/mmlu", config="anatomy", splits={"test": None})
    with pytest.raises(AbsentError) as caught:
        load(wanted, tmp_path)
    assert "wanted 'mmlu/anatomy/test.jsonl'" in caught.value.message
    assert "https://huggingface.co/datasets/cais/mmlu" in caught.value.hint


class Hub:
    """A hub in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, name: str, revision: str) -> tuple[str, Sequence[str]]:
        folder = self.folder / name
        return "c0ffee", [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")]

    def fetch(self, name: str, commit: str, file: str) -> Path:
        return self.folder / name / file


def test_what_is_not_at_hand_comes_from_the_hub_at_one_commit(tmp_path: Path) -> None:
    write(tmp_path / "hub/org/set/test.jsonl", json.dumps({"a": 1}))
    wanted = Wanted(path="org/set", splits={"test": None})
    table = load(wanted, tmp_path, Hub(tmp_path / "hub"))
    assert table.source.revision == "c0ffee"
    assert [file.path for file in table.splits["test"].files] == ["org/set/test.jsonl"]


def test_a_file_of_another_shape_is_no_row(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="has no field 'rows'"):
        read(write(tmp_path / "a.json", "[]"), Shape(field="rows"))
