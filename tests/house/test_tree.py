# SPDX-License-Identifier: Apache-2.0
"""Rules that every source file keeps."""

import ast
import tokenize
from pathlib import Path

import pytest

from steelyard.core import errors

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "src" / "steelyard"
FOLDERS = ("src", "tests", "scripts", "benchmarks", "fuzz")
SPDX = "# SPDX-License-Identifier: Apache-2.0"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 500  # lines
LARGEST_CORE = 700  # lines of code: no blank lines, comments or docstrings


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_lines(path: Path) -> set[int]:
    """Return the numbers of the lines that hold code: no blank line, comment or docstring."""
    idle = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
    lines: set[int] = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in idle:
                lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(path.read_bytes())):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for statement in body:
                if _is_text(statement):
                    lines -= set(range(statement.lineno, statement.end_lineno + 1))
    return lines


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def test_every_source_file_names_its_licence_first() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    files += (PACKAGE / "knowledge").rglob("*.toml")
    unnamed = [
        short(path)
        for path in files
        if SPDX not in path.read_text("utf-8").splitlines()[:2]  # a script's first line is #!
    ]
    assert unnamed == []


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_MODULE


def test_the_core_stays_small() -> None:
    total = sum(len(code_lines(path)) for path in (PACKAGE / "core").glob("*.py"))
    assert total <= LARGEST_CORE


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path != PACKAGE / "cli" / "output.py"], ids=short
)
def test_nothing_prints_but_the_output_module(path: Path) -> None:
    writes = {"stdout.write", "stderr.write", "stdout.buffer", "stderr.buffer"}
    found = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "click.echo"):
            found.append(node.lineno)
        if isinstance(node, ast.Attribute) and ast.unparse(node).partition("sys.")[2] in writes:
            found.append(node.lineno)
    assert found == []


def test_every_error_is_drawn_in_the_tree_of_errors() -> None:
    kinds = [
        thing
        for thing in vars(errors).values()
        if isinstance(thing, type) and issubclass(thing, BaseException)
    ]
    assert all(issubclass(kind, errors.SteelyardError) for kind in kinds)
    assert [kind.__name__ for kind in kinds if kind.__name__ not in (errors.__doc__ or "")] == []


def test_no_other_module_adds_an_error_of_its_own() -> None:
    strays = [
        f"{short(path)}: {node.name}"
        for path in MODULES
        if path != PACKAGE / "core" / "errors.py"
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]
    assert strays == []
