# SPDX-License-Identifier: Apache-2.0
"""The runner of the examples must notice when a page is wrong."""

from pathlib import Path

import pytest

from tests.docs.examples import agrees, examples, rewrite, run

PAGE = """
```console
$ echo one; echo two
one
two
$ echo three
four
```

<!-- not run: it takes a day -->

```console
$ sleep 86400
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE, "utf-8")
    return path


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("a\nb\nc\n", True),
        ("a\n...\nc\n", True),
        ("...\nc\n", True),
        ("a\n...\n", True),
        ("a\nb\n", False),
        ("a\n...\nd\n", False),
        ("a\nb\nc\nd\n", False),
    ],
)
def test_lines_may_be_left_out_where_dots_say_so(said: str, same: bool) -> None:
    assert agrees("a\nb\nc\n", said) is same


def test_part_of_a_line_may_be_left_out() -> None:
    assert agrees("at 12:30:01 sharp\n", "at ... sharp\n")
    assert not agrees("at 12:30:01 blunt\n", "at ... sharp\n")


def test_a_wrong_output_is_noticed_and_rewritten(page: Path) -> None:
    (example,) = examples(page, "console")
    outputs = {command: run(command, page.parent) for command, _ in example.steps()}
    verdicts = [agrees(outputs[command], said) for command, said in example.steps()]
    assert verdicts == [True, False]
    rewrite(example, outputs)
    assert page.read_text("utf-8") == PAGE.replace("four", "three")


def test_standard_error_is_shown_too(tmp_path: Path) -> None:
    assert run("echo data; echo hint >&2", tmp_path) == "data\nhint\n"
