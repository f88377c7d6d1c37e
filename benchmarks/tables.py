# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/benchmarks.md, made of the files in benchmarks/results."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

RESULTS = Path(__file__).parent / "results"
_UNMEASURED = "*Not measured yet.*"
EXPECTED = ("malicious", "review", "benign")


def scan_cost(result: dict[str, Any]) -> str:
    """Return what a look at large weights cost, a table a file."""
    lines = [_origin(result, f"medians of {result['runs']} rounds")]
    for file in dict.fromkeys(row["file"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["file"] == file]
        size = rows[0]["size"] / (1 << 30)
        lines += ["", f"**{file}, {size:.1f} GiB**", ""]
        lines += _table(
            ("tool", "CPU s", "times hashing", "peak MB", "wall s", "MB asked for", "exit code"),
            (
                (
                    _tool(row),
                    f"{row['cpu_s']:.2f}",
                    f"{row['ratio']:.2f}",
                    f"{row['peak_mb']:.0f}",
                    f"{row['wall_s']:.2f}",
                    f"{row['read_mb']:,.0f}",
                    row["code"],
                )
                for row in rows
            ),
        )
    return "\n".join([*lines, *_skipped(result)])


def scan_matrix(result: dict[str, Any]) -> str:
    """Return how each tool answered, a table for each expectation and one by class."""
    rows = result["rows"]
    lines = [_origin(result, f"{result['cases']} files")]
    tools = list(dict.fromkeys(row["tool"] for row in rows))
    for expected in EXPECTED:
        mine = [row for row in rows if row["expected"] == expected]
        answers = list(mine[0]["answers"])
        files = sum(row["files"] for row in mine if row["tool"] == tools[0])
        lines += ["", f"**{files} {expected} files**", ""]
        lines += _table(
            ("tool", *answers),
            (
                (_tool(group[0]), *(sum(row["answers"][what] for row in group) for what in answers))
                for tool in tools
                if (group := [row for row in mine if row["tool"] == tool])
            ),
        )
    for expected, title, passed in _WRONG:
        lines += ["", f"{title}, by class (of how many):", ""]
        lines += _by_class([row for row in rows if row["expected"] == expected], tools, passed)
    lines += ["", "Processor time, start of the program and all, over all files:", ""]
    lines += _table(
        ("tool", "reads whole files", "CPU s", "CPU s a file"),
        (
            (
                _tool(group[0]),
                group[0].get("whole", "not noted"),
                f"{spent:.0f}",
                f"{spent / result['cases']:.2f}",
            )
            for tool in tools
            if (group := [row for row in rows if row["tool"] == tool])
            for spent in (sum(row["cpu_s"] for row in group),)
        ),
    )
    return "\n".join([*lines, *_skipped(result)])


def fuzz(result: dict[str, Any]) -> str:
    """Return how many mutated files each reader was given, and what came of it."""
    rows = (
        (row["target"], f"{row['files']:,}", f"{row['slowest_s']:.2f}", len(row["crashes"]))
        for row in result["rows"]
    )
    head = ("reader of `steelyard`", "files", "slowest, CPU s", "broke it")
    return "\n".join([_origin(result), "", *_table(head, rows)])


_WRONG = (
    ("malicious", "Malicious files that passed", ("passed with a remark", "passed in silence")),
    ("review", "Files to review that passed in silence", ("passed in silence",)),
    (
        "benign",
        "Benign files that did not pass in silence",
        ("stopped", "not judged", "passed with a remark"),
    ),
)
"""What is wrong with an answer, by what is expected."""


def _by_class(rows: list[dict[str, Any]], tools: list[str], answers: tuple[str, ...]) -> list[str]:
    """Return how many files of each class got one of these answers, by tool."""
    classes = {row["kind"]: row["files"] for row in rows}
    counts = {
        (row["kind"], row["tool"]): sum(row["answers"][what] for what in answers) for row in rows
    }
    return _table(
        ("class", *tools),
        (
            (f"{kind} ({files})", *(counts[kind, tool] for tool in tools))
            for kind, files in classes.items()
        ),
    )


def startup(result: dict[str, Any]) -> str:
    """Return how long the command line takes to answer, and what it takes on disk."""
    rows = ((row["what"], f"{row['value']:.3g} {row['unit']}") for row in result["rows"])
    return "\n".join([_origin(result), "", *_table(("what", "measured"), rows)])


def registry(result: dict[str, Any]) -> str:
    """Return how fast `steelyard check --each` goes through a registry."""
    rows = (
        (
            row["what"],
            f"{row['models']:,}",
            f"{row['wall_s']:.1f}",
            f"{row['rate']:.0f}",
            f"{row['cpu_s']:.0f}" if "cpu_s" in row else "",
            f"{row['peak_mb']:.0f}" if "peak_mb" in row else "",
        )
        for row in result["rows"]
    )
    head = ("`steelyard check --each`", "models", "wall s", "models a second", "CPU s", "peak MB")
    return "\n".join([_origin(result), "", *_table(head, rows)])


def weights_lineage(result: dict[str, Any]) -> str:
    """Return how well weights are known again: by what was done, and where there is no relation."""
    rows = result["rows"]
    groups = dict.fromkeys(row["group"] for row in rows)
    mine = {group: [row for row in rows if row["group"] == group] for group in groups}
    head = (
        "`steelyard check --against` the parent",
        "models",
        "linked",
        "kind right",
        "correlation",
    )
    lines = [_origin(result), ""]
    lines += _table(
        head,
        (
            (
                group,
                len(found),
                sum(row["linked"] for row in found),
                sum(row["right"] for row in found),
                f"{min(row['r'] for row in found):.2f} to {max(row['r'] for row in found):.2f}",
            )
            for group, found in mine.items()
        ),
    )
    family = next(row for row in result["within"] if row["group"] == "all")
    apart = result["apart"]
    mixed = result["mixtures"]
    pairs = [("models of the family with each other", family["pairs"], family["linked"], "")]
    pairs += [
        (row["what"], row["pairs"], row["linked"], f"{row['r']:.2f}, {row['sigmas']:.1f} sigmas")
        for row in apart
    ]
    lines += ["", *_table(("pairs", "how many", "linked", "largest likeness"), pairs)]
    lines += [
        "",
        f"Both parents were told of {mixed['found']} of {mixed['merges']} merges, and of "
        f"{mixed['false']} of {mixed['others']} models that are none. A sketch took "
        f"{min(row['ms'] for row in rows):.0f} to {max(row['ms'] for row in rows):.0f} ms and "
        f"{min(row['kb'] for row in rows)} to {max(row['kb'] for row in rows)} KB.",
    ]
    return "\n".join(lines)


def licences(result: dict[str, Any]) -> str:
    """Return what each tool said of real licence files, and how long it took."""
    files, known = result["files"], result["known"]
    counted = f"{files} files, {known} of them with a text that steelyard has a fingerprint of"
    head = ("tool", "right id", "wrong id", "variant", "unknown", "CPU s", "wall s")
    rows = (
        (
            _tool(row),
            *(row[what] for what in ("right", "wrong", "variant", "unknown")),
            f"{row['cpu_s']:.1f}",
            f"{row['wall_s']:.1f}",
        )
        for row in result["rows"]
    )
    times = next(row["times"] for row in result["rows"] if row["tool"] == "steelyard")
    spent = (
        f"`steelyard` alone, CPU: fingerprints loaded in {times['load_ms']:.0f} ms, then"
        f" {times['median_ms']:.1f} ms a file (median; the longest {times['longest_ms']:.0f} ms);"
        f" {result['data_mb']:.2f} MB of data."
    )
    return "\n".join(
        [_origin(result, counted), "", *_table(head, rows), "", spent, *_skipped(result)]
    )


def use_cases(result: dict[str, Any]) -> str:
    """Return how often the answers for a use are right, by how sure the expected answer is."""
    kinds = ("right", "honestly unknown", "incomplete", "wrong", "wrong yes")
    counts = {(row["confidence"], row["kind"]): row["cases"] for row in result["rows"]}
    rows = [
        (who, *(counts.get((who, kind), 0) for kind in kinds)) for who in ("high", "medium", "low")
    ]
    head = ("how sure the expected answer is", *kinds)
    return "\n".join([_origin(result, "cases that `steelyard check` got"), "", *_table(head, rows)])


def eval_cost(result: dict[str, Any]) -> str:
    """Return what scoring cost, a table a slice."""
    lines = [_origin(result, f"medians of {result['runs']} rounds")]
    for part in dict.fromkeys(row["slice"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["slice"] == part]
        lines += ["", f"**{part}**", ""]
        lines += _table(
            (
                "engine",
                "tokens",
                "to the minimum",
                "CPU s",
                "of it planning",
                "times less",
                "same picks",
                "worst, nat",
            ),
            (
                (
                    row["engine"],
                    f"{row['tokens']:,}",
                    f"{row['tokens'] / row['minimum']:.3f}",
                    f"{row['cpu_s']:.1f}",
                    f"{row['planning_s'] / row['cpu_s']:.1%}",
                    f"{row['ratio']:.2f}",
                    f"{row['picks']} of {row['items']}",
                    f"{row['worst']:.1e}",
                )
                for row in rows
            ),
        )
    return "\n".join(lines)


def eval_plan(result: dict[str, Any]) -> str:
    """Return what planning a run took."""
    rows = (
        (
            row["what"],
            f"{row['questions']:,}",
            f"{row['requests']:,}",
            f"{row['computed'] / row['minimum']:.4f}",
            f"{row['naive'] / row['computed']:.1f}",
            f"{row['encode_cut_s']:.1f}",
            f"{row['fill_s']:.1f}",
            f"{row['peak_mb']:,.0f}",
        )
        for row in result["rows"]
    )
    head = (
        "`steelyard` plans",
        "questions",
        "requests",
        "tokens to the minimum",
        "times fewer than one by one",
        "tokens and cuts, CPU s",
        "packs, CPU s",
        "peak MB, model and all",
    )
    more = f"tokenizer of {result['tokenizer']}", f"medians of {result['runs']} rounds"
    return "\n".join([_origin(result, *more), "", *_table(head, rows)])


def eval_tasks(result: dict[str, Any]) -> str:
    """Return how many of lm-eval's tasks load."""
    rows = ((row["what"], f"{row['loads']:,}", f"{row['of']:,}") for row in result["rows"])
    return "\n".join([_origin(result), "", *_table(("`steelyard` loads", "load", "of"), rows)])


def eval_same(result: dict[str, Any]) -> str:
    """Return how many tasks ask what lm-eval asks, and make of the answers what it makes."""
    rows = ((row["tasks"], f"{row['requests']:,}", row["differing"]) for row in result["rows"])
    return "\n".join(
        [
            _origin(result),
            "",
            *_table(("tasks of both", "requests", "`steelyard` differs in, tasks"), rows),
        ]
    )


def early_stop(result: dict[str, Any]) -> str:
    """Return how much of a comparison is asked until it is settled, and how often it errs."""
    lines = [_origin(result, f"{result['repeats']} pairs a row"), ""]
    lines += _table(
        (
            "`steelyard eval --against`",
            "questions",
            "changed",
            "true difference, points",
            "margin, points",
            "asked",
            "settled early",
            "end as when all are asked",
            "wrong end",
            "wrong when all are asked",
        ),
        (
            (
                *_stopped(row),
                f"{row['agreed']:.0%}",
                f"{row['wrong']:.1%}",
                f"{row['whole_wrong']:.1%}",
            )
            for row in result["rows"]
        ),
    )
    if not result["real"]:
        return "\n".join(lines)
    head = ("real runs, 100 orders", "questions", "changed", "difference, points")
    head += ("margin, points", "asked", "settled early", "end as when all are asked")
    rows = [(*_stopped(row), f"{row['agreed']:.0%}") for row in result["real"]]
    lines += ["", *_table(head, rows)]
    first = result["real"][0]
    if "tokens" in first:
        share = first["tokens"] / first["of_tokens"]
        lines += ["", f"One run of the first, as it came: {first['tokens']:,} of"]
        lines[-1] += f" {first['of_tokens']:,} tokens computed ({share:.0%})."
    return "\n".join(lines)


def _stopped(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["what"],
        f"{row['questions']:,}",
        f"{row['changed']:.1%}",
        f"{100 * row['gain']:+.1f}",
        f"{100 * row['margin']:g}",
        f"{row['asked']:.0%}",
        f"{row['settled']:.0%}",
    )


def opcodes(result: dict[str, Any]) -> str:
    """Return how fast pickles of each protocol are followed."""
    rows = (
        (
            row["protocol"],
            f"{row['opcodes']:,}",
            f"{row['rate'] / 1e6:.1f}",
            f"{row['genops']:.2f}",
            f"{row['loads']:.1f}",
        )
        for row in result["rows"]
    )
    head = (
        "protocol",
        "opcodes",
        "million a second, `steelyard`",
        "CPU over `pickletools.genops`",
        "CPU over `pickle.loads`",
    )
    rounds = f"medians of {result['rounds']} rounds"
    return "\n".join([_origin(result, rounds), "", *_table(head, rows)])


def shards(result: dict[str, Any]) -> str:
    """Return what a second core does for a model in shards."""
    rows = (
        (
            row["tool"],
            f"{row['one_s']:.2f}",
            f"{row['two_s']:.2f}",
            f"{row['gain']:.2f}",
            f"{row['best']:.2f}",
            f"{row['peak_mb']:.0f}",
        )
        for row in result["rows"]
    )
    head = ("tool", "one worker, wall s", "two, wall s", "times as fast", "at best", "peak MB")
    more = f"4 shards, {result['size'] / (1 << 30):.1f} GiB together"
    rounds = f"medians of {result['runs']} rounds"
    return "\n".join([_origin(result, more, rounds), "", *_table(head, rows)])


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "licences": licences,
    "early-stop": early_stop,
    "eval-cost": eval_cost,
    "eval-plan": eval_plan,
    "eval-public": eval_same,
    "eval-requests": eval_same,
    "eval-tasks": eval_tasks,
    "registry": registry,
    "scan-cost": scan_cost,
    "fuzz": fuzz,
    "opcodes": opcodes,
    "scan-matrix": scan_matrix,
    "shards": shards,
    "startup": startup,
    "weights-lineage": weights_lineage,
    "use-cases": use_cases,
}


def table(name: str, results: Path = RESULTS) -> str:
    """Return one of the tables; a line that says so where it was not measured yet.

    Rows of a file that is older than its table are left out where they lack what the table shows,
    and counted; a file that lacks more is as good as none.
    """
    path = results / f"{name}.json"
    if not path.exists():
        return _UNMEASURED
    result = msgspec.json.decode(path.read_bytes())
    if _fits(name, result):
        return TABLES[name](result)
    rows = [row for row in result.get("rows", ()) if _fits(name, {**result, "rows": [row]})]
    kept = {**result, "rows": rows}
    if not rows or not _fits(name, kept):
        return _UNMEASURED
    older = len(result["rows"]) - len(rows)
    return f"{TABLES[name](kept)}\n\nNot measured yet: {older} rows that are older than this table."


def _fits(name: str, result: dict[str, Any]) -> bool:
    """Tell whether a result has all that its table shows."""
    try:
        TABLES[name](result)
    except (KeyError, IndexError, StopIteration):  # a field, or a row that others are held against
        return False
    return True


def _origin(result: dict[str, Any], *more: str) -> str:
    return "; ".join([f"`{result['command']}`, {result['date']}", result["machine"], *more]) + "."


def _tool(row: dict[str, Any]) -> str:
    name = f"{row['tool']} {row['version']}"
    return f"**{name}**" if row["tool"] == "steelyard" else name


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    head = list(head)
    lines = [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows]


def _skipped(result: dict[str, Any]) -> list[str]:
    reasons = sorted(result["skipped"].items())
    return (
        ["", *(f"Not measured: {tool}, which {reason}." for tool, reason in reasons)]
        if reasons
        else []
    )
