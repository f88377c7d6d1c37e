#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write what is made of something else: docs/checks.md, docs/benchmarks.md, indexes of extensions.

scripts/write_docs.py [--check]     with --check nothing is written, and what is stale ends it with 1
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402
from benchmarks.tables import table  # noqa: E402 - found beside this folder

from steelyard import checks, formats  # noqa: E402
from steelyard.core.index import INDEX, Index, index_of  # noqa: E402
from steelyard.core.probe import Card, Probe  # noqa: E402
from steelyard.flow import policies  # noqa: E402
from steelyard.flow.examine import known_probes  # noqa: E402
from steelyard.formats.port import Format, Signature  # noqa: E402

_PART = re.compile(r"(?s)(<!-- begin: ([a-z-]+) -->\n).*?(<!-- end -->)")
_CHECKS = """# Checks

What `steelyard check` looks at, as `steelyard explain` shows it. This page is written by `make docs` from the checks
themselves.
"""


def main() -> None:
    """Write the pages, or say which are stale."""
    stale = []
    for name, text in pages():
        path = ROOT / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")
    if stale and "--check" in sys.argv:
        sys.exit(f"stale: {', '.join(stale)}; make docs writes them anew")


def pages() -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of the files as they should be."""
    yield _index("formats", index_of(formats, Format, Signature, lambda it: it.matches.__module__))
    yield _index("checks", index_of(checks, Probe, Card, lambda it: it.look.__module__))
    for name, ready in policies.written():
        yield f"src/steelyard/knowledge/policies_read/{name}.json", _pretty(ready)
    yield "docs/checks.md", checks_page()
    path = ROOT / "docs" / "benchmarks.md"
    filled = _PART.sub(
        lambda part: f"{part[1]}\n{table(part[2])}\n\n{part[3]}", path.read_text("utf-8")
    )
    yield "docs/benchmarks.md", filled


def _index(folder: str, index: Index) -> tuple[str, str]:
    return f"src/steelyard/{folder}/{INDEX}", _pretty(msgspec.json.encode(index))


def _pretty(data: bytes) -> str:
    return f"{msgspec.json.format(data, indent=1).decode()}\n"


def checks_page() -> str:
    """Return the page of all checks and of all that they can find."""
    probes = known_probes()
    lines = [_CHECKS, "| check | looks at | findings |", "|---|---|---|"]
    for probe in probes:
        first = probe.page.partition("\n")[0]
        lines.append(f"| [`{probe.id}`](#{probe.id}) | {first} | {len(probe.descriptors)} |")
    return "\n".join([*lines, *(line for probe in probes for line in _probe(probe))]) + "\n"


def _probe(probe: Probe) -> Iterator[str]:
    yield f"\n## {probe.id}\n"
    yield re.sub(r"^## ", "### ", probe.page, flags=re.MULTILINE)
    if probe.descriptors:
        yield "\n### Findings"
    for found in sorted(probe.descriptors, key=lambda descriptor: descriptor.id):
        yield f"\n#### {found.id}\n\n**{found.title}.** Severity: {found.severity}.\n"
        yield re.sub(r"^#+ ", "##### ", found.page.strip(), flags=re.MULTILINE)
        yield f"\n*What to do:* {found.remedy}."


if __name__ == "__main__":
    main()
