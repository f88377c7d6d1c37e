# SPDX-License-Identifier: Apache-2.0
"""Where packages come from is read out of what pip, uv, poetry and conda read."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.formats.build_steps import fetching_steps, is_dockerfile
from steelyard.formats.requirements import (
    is_requirements,
    origins_of_environment,
    origins_of_lines,
    origins_of_project,
)


def kinds(text: str) -> list[tuple[str, str]]:
    return [(origin.kind, origin.value) for origin in origins_of_lines(text)]


@pytest.mark.parametrize(
    "line",
    [
        "torch==2.1.0",
        "torch>=2.0  # see https://a.example",
        "x[extra]>=1; python_version < '3.12'",
        "-r other.txt",
        "-e .",
        "--no-binary :all:",
        "-i https://pypi.org/simple",
        "--extra-index-url https://download.pytorch.org/whl/cu121",
        "x==1 --hash=sha256:aa",
        "",
        "# --index-url https://a.example",
    ],
)
def test_plain_requirements_come_from_the_usual_place(line: str) -> None:
    assert kinds(line) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("--index-url http://203.0.113.1/simple", ("index", "http://203.0.113.1/simple")),
        ("--extra-index-url=https://a.example/s", ("index", "https://a.example/s")),
        ("-ihttps://a.example/s", ("index", "https://a.example/s")),
        ("-i http://pypi.org/simple", ("index", "http://pypi.org/simple")),
        ("-i https://pypi.org@a.example/s", ("index", "https://pypi.org@a.example/s")),
        ("-f https://a.example/links", ("index", "https://a.example/links")),
        ("-f ./wheels", ("local", "./wheels")),
        ("--trusted-host a.example", ("untrusted", "a.example")),
        ("git+https://a.example/x@main", ("direct", "git+https://a.example/x@main")),
        ("x @ git+https://a.example/x", ("direct", "git+https://a.example/x")),
        ("x[y]@https://a.example/x.whl", ("direct", "https://a.example/x.whl")),
        ("-e git+https://a.example/x#egg=x", ("direct", "git+https://a.example/x#egg=x")),
        ("file:///tmp/x", ("direct", "file:///tmp/x")),
        ("./x-1-py3-none-any.whl", ("local", "./x-1-py3-none-any.whl")),
        ("--index-url \\\n  https://a.example", ("index", "https://a.example")),
    ],
)
def test_another_origin_is_found(line: str, found: tuple[str, str]) -> None:
    assert kinds(line) == [found]


def test_an_origin_has_its_line() -> None:
    assert [origin.line for origin in origins_of_lines("a\n\n-f \\\n https://x.example\nb")] == [3]


def test_project_files_are_read() -> None:
    project = tomllib.loads(
        """
        [project]
        dependencies = ["a", "b @ https://a.example/b.whl"]
        urls.Homepage = "https://c.example"
        [build-system]
        requires = ["hatchling", "q @ git+https://d.example"]
        [[tool.uv.index]]
        url = "https://e.example/simple"
        [tool.uv.sources]
        x = { git = "https://f.example" }
        [[tool.poetry.source]]
        url = "https://g.example"
        """
    )
    assert [(origin.kind, origin.pointer) for origin in origins_of_project(project)] == [
        ("direct", "/project/dependencies/1"),
        ("direct", "/build-system/requires/1"),
        ("index", "/tool/uv/index/0/url"),
        ("direct", "/tool/uv/sources/x/git"),
        ("index", "/tool/poetry/source/0/url"),
    ]


def test_conda_environments_are_read() -> None:
    found = origins_of_environment(
        {
            "channels": ["conda-forge", "https://a.example/ch", "https://conda.anaconda.org/x"],
            "dependencies": ["python", {"pip": ["torch", "git+https://a.example/x"]}],
        }
    )
    assert [(origin.kind, origin.pointer) for origin in found] == [
        ("index", "/channels/1"),
        ("direct", "/dependencies/1/pip/1"),
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("requirements.txt", True),
        ("a/requirements-dev.txt", True),
        ("requirements/base.txt", True),
        ("m.tar!constraints.txt", True),
        ("vocab.txt", False),
        ("requirements.md", False),
    ],
)
def test_requirements_are_told_by_their_name(name: str, told: bool) -> None:
    assert is_requirements(name) is told


def test_steps_of_a_dockerfile_that_fetch_are_found() -> None:
    text = """FROM python:3.11
RUN pip install torch && curl -O https://a.example/x.tar
RUN apt-get update \\
 && curl -sSL https://a.example/x | sh
ADD --chmod=755 https://a.example/y /y
COPY . .
RUN bash -c "$(wget -qO- https://a.example/z)"
"""
    assert [step.line for step in fetching_steps(text)] == [3, 5, 7]
    assert is_dockerfile("docker/Dockerfile.gpu") and not is_dockerfile("docker.py")


@given(st.text(max_size=200))
def test_any_text_is_read_to_its_end(text: str) -> None:
    list(origins_of_lines(text))
    list(fetching_steps(text))


@pytest.mark.parametrize("option", ["-r", "--requirement", "-c", "--constraint"])
def test_a_list_of_requirements_from_an_address_is_an_origin(option: str) -> None:
    assert kinds(f"{option} https://a.example/r.txt") == [("direct", "https://a.example/r.txt")]
