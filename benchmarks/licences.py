# SPDX-License-Identifier: Apache-2.0
"""Which licence is this file: steelyard beside ScanCode and osslili, on files of public repositories.

    python -m benchmarks.licences FOLDER

FOLDER holds checkouts of the repositories that `licence_files.toml` names, as OWNER/NAME. The files are
not kept here; each is looked at under the name LICENSE, in a folder of its own, so that no tool gets a
hint and none passes one over.
"""

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import cost, header, save, say
from benchmarks.peers import QUIET, Peer
from steelyard import __version__

HERE = Path(__file__).parent
LISTED = HERE / "licence_files.toml"
PRINTS = HERE.parent / "src/steelyard/knowledge/licence_texts/prints.json"
ROUNDS = 5
SCANCODE = Peer(
    name="scancode",
    package="scancode-toolkit-mini",
    version="32.5.0",
    arguments=("--license", "--json", "-", "--quiet", "--processes", "1", "{file}"),
    clean="",
    also=("pluggy<1.6",),
)
OSSLILI = Peer(
    name="osslili",
    version="1.11.0",
    arguments=("--output-format", "evidence", "--threads", "1", "{file}"),
    clean="",
)
_NO_NAME = re.compile(
    r"unknown|^other-|^proprietary|^commercial-|generic|warranty|reference|public-domain"
)


def main() -> int:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recognise", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.recognise:
        print(json.dumps(_recognise(options.folder)))
        return 0
    listed = tomllib.loads(LISTED.read_text("utf-8"))
    files = [(f"{repo}/{path}", id) for repo, held in listed.items() for path, id in held.items()]
    here = [(name, id) for name, id in files if (options.folder / name).is_file()]
    if not here:
        parser.error(f"none of the {len(files)} files is in {options.folder}")
    with tempfile.TemporaryDirectory() as work:
        for number, (name, _) in enumerate(here):
            place = Path(work) / f"{number:03}"
            place.mkdir()
            shutil.copy(options.folder / name, place / "LICENSE")
        result = header("python -m benchmarks.licences FOLDER") | _measured(Path(work), here)
    result["listed"] = len(files)
    say(str(save("licences", result)))
    return 0


def _measured(work: Path, files: Sequence[tuple[str, str]]) -> dict[str, Any]:
    rows, answers, skipped = [], {}, {}
    own_name = f"steelyard {__version__}"
    own = [sys.executable, "-m", "benchmarks.licences", str(work), "--recognise"]
    runs: list[tuple[str, list[str], Callable[[str], Mapping[str, Any]]]] = [
        (own_name, own, json.loads)
    ]
    for peer, read in ((SCANCODE, _scancode), (OSSLILI, _osslili)):
        if why := peer.install():
            skipped[peer.name] = why
        else:
            runs.append((f"{peer.name} {peer.version}", peer.command(work), read))
    for tool, command, read in runs:
        say(tool)
        spent = cost(command, env={**_environment(), **QUIET}, limit_s=1800)
        found = read(spent.output)
        answers[tool] = found["files"]
        judged = Counter(
            _judged(found["files"].get(f"{n:03}"), id) for n, (_, id) in enumerate(files)
        )
        rows.append(
            {
                "tool": tool.partition(" ")[0],
                "version": tool.partition(" ")[2],
                "right": judged["right"],
                "wrong": judged["wrong"],
                "variant": judged["variant"],
                "unknown": judged["unknown"],
                "cpu_s": round(spent.cpu_s, 2),
                "wall_s": round(spent.wall_s, 2),
                "times": found.get("times"),
            }
        )
    return {
        "files": len(files),
        "known": sum(bool(id) for _, id in files),
        "data_mb": round(PRINTS.stat().st_size / 1e6, 2),
        "rows": rows,
        "wrong": list(_wrong(files, answers)),
        "missed": [
            name
            for number, (name, id) in enumerate(files)
            if id and _judged(answers[own_name].get(f"{number:03}"), id) != "right"
        ],
        "skipped": skipped,
    }


def _wrong(
    files: Sequence[tuple[str, str]], answers: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, str]]:
    """Yield each wrong id: which tool said it of which file."""
    for tool, found in answers.items():
        for number, (name, id) in enumerate(files):
            said = found.get(f"{number:03}")
            if _judged(said, id) == "wrong":
                yield {"tool": tool, "file": name, "is": id, "said": str(said)}


def _judged(said: str | None, id: str) -> str:
    if not said or said == "unknown":
        return "unknown"
    return "variant" if said == "variant" else "right" if said == id else "wrong"


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONHASHSEED": "0"}


def _recognise(work: Path) -> dict[str, Any]:
    """Return what steelyard makes of each file, and how long it took, in milliseconds."""
    from steelyard import knowledge
    from steelyard.detectors.licence_prints import Prints
    from steelyard.detectors.licence_text import recognise
    from steelyard.formats.text import decode

    loads = []
    for _ in range(ROUNDS):
        started = time.process_time()
        prints = Prints.read(knowledge.entry("licence_texts", "prints") or b"")
        loads.append((time.process_time() - started) * 1000)
    found, spent = {}, []
    for place in sorted(work.iterdir()):
        text, _ = decode((place / "LICENSE").read_bytes())
        took = []
        for _ in range(ROUNDS):
            started = time.process_time()
            state = recognise(text, prints)
            took.append((time.process_time() - started) * 1000)
        spent.append(statistics.median(took))
        found[place.name] = " AND ".join(state.licences) if state.state == "exact" else state.state
    times = {
        "load_ms": round(statistics.median(loads), 1),
        "median_ms": round(statistics.median(spent), 1),
        "longest_ms": round(max(spent), 1),
    }
    return {"files": found, "times": times}


def _scancode(output: str) -> dict[str, Any]:
    """Return the id of the longest match in each file, in our names; none where that names none."""
    names = _scancode_names()
    found = {}
    for file in json.loads(output[output.index('{"headers"') :])["files"]:
        matches = [match for one in file["license_detections"] for match in one["matches"]]
        if not matches:
            continue
        best = max(matches, key=lambda match: match["matched_length"])
        key, spdx = best["license_expression"], best["license_expression_spdx"]
        if not _NO_NAME.search(key):
            found[Path(file["path"]).parent.name] = names.get(key, spdx)
    return {"files": found}


def _scancode_names() -> dict[str, str]:
    listing = tomllib.loads((HERE.parent / "scripts/licence_texts.toml").read_text("utf-8"))
    return {
        text["from"].partition(":")[2]: text["licence"]
        for text in listing["texts"]
        if text["from"].startswith("scancode:") and isinstance(text["licence"], str)
    }


def _osslili(output: str) -> dict[str, Any]:
    """Return the id of the surest detection in each file."""
    document = json.loads(output[output.index("{\n") : output.rindex("}") + 1])
    best: dict[str, tuple[float, str]] = {}
    for result in document["scan_results"]:
        for one in result["license_evidence"]:
            if one["category"] not in ("detected", "declared"):
                continue
            name = Path(one["file"]).parent.name
            best[name] = max(
                best.get(name, (0.0, "")), (one["confidence"], one["detected_license"])
            )
    return {"files": {name: id for name, (_, id) in best.items()}}


if __name__ == "__main__":
    sys.exit(main())
