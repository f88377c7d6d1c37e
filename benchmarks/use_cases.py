# SPDX-License-Identifier: Apache-2.0
"""How often the answers to "may I, for this use" are right: python -m benchmarks.use_cases [FILE...]."""

import contextlib
import io
import json
import struct
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from benchmarks.measure import header, save, say
from steelyard.cli.main import run

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "use_cases"
MOST_EXTRA = 2
"""Duties of one licence that may be told beyond those expected."""

FINDINGS: Mapping[str, tuple[str, ...]] = {
    "base_licence_presumed": ("use.base-licence-presumed", "licence.presumed"),
    "base_unresolved": ("use.base-unresolved",),
    "conflicting_sources": ("licence.disagreement", "lineage.disagreement"),
    "dataset_risk": ("use.dataset-risk",),
    "hidden_terms": ("use.hidden-terms",),
    "label_looser_than_ancestor": ("licence.looser-than-base", "use.label-not-same-terms"),
    "missing_licence": ("use.missing-licence", "licence.none"),
    "name_prefix_missing": ("use.name-prefix-missing",),
    "no_lawful_name": ("use.no-lawful-name",),
    "same_terms_clash": ("use.same-terms-clash",),
    "text_conflict": ("use.text-conflict",),
    "unknown_licence": ("licence.unknown", "licence.unknown-text"),
}
"""What a case calls a finding, and the names under which it is told."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with its answer, which somebody worked out from the texts.

    Attributes:
        id: Short name.
        action: What is to be done.
        verdict: The answer.
        also_accept: Other answers that are right as well.
        card: Front matter of a model card.
        config: `config.json`.
        snapshot: Files, by name; `{gguf: {...}}` is a GGUF file with this metadata.
        profile: What the profile says besides, or otherwise than, the usual one; None takes away.
        duties: Duties that must be told, `<licence>:<duty>`.
        duties_optional: Those that may be told.
        duties_absent: Those that must not be.
        open_conditions: Conditions that must be told.
        findings: Findings that must be there.
        findings_absent: Those that must not be.
        why: Where the texts say so.
        confidence: How sure the answer is.
    """

    id: str
    action: str
    verdict: str
    also_accept: tuple[str, ...] = ()
    card: dict[str, Any] = {}
    config: dict[str, Any] = {}
    snapshot: dict[str, Any] = {}
    profile: dict[str, Any] = {}
    duties: tuple[str, ...] = ()
    duties_optional: tuple[str, ...] = ()
    duties_absent: tuple[str, ...] = ()
    open_conditions: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    findings_absent: tuple[str, ...] = ()
    why: str
    confidence: str = "high"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a case.

    Attributes:
        case: The case.
        answer: What was answered.
        wrong: What else was wrong, in words.
    """

    case: Case
    answer: str
    wrong: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return `right`, `honestly unknown`, `wrong yes`, `wrong` or `incomplete`."""
        right = (self.case.verdict, *self.case.also_accept)
        if self.answer in right:
            return "incomplete" if self.wrong else "right"
        if self.answer == "unknown":
            return "honestly unknown"
        too_good = self.answer == "yes" or (self.answer == "if" and self.case.verdict == "no")
        return "wrong yes" if too_good else "wrong"


def cases(*files: Path) -> Iterator[Case]:
    """Yield the cases of some files, or of all that come with the project."""
    for path in files or sorted(FOLDER.glob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        usual = document.get("usual", {})
        for entry in document["cases"]:
            case = msgspec.convert(entry, Case)
            yield msgspec.structs.replace(case, profile={**usual, **case.profile})


def outcome(case: Case) -> Result:
    """Return what the command line makes of a case."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, profile = Path(scratch) / "model", Path(scratch) / "use.json"
        write(case, folder)
        given = {key: value for key, value in case.profile.items() if value is not None}
        profile.write_text(json.dumps({"use": given}), "utf-8")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run(["check", str(folder), "--use", str(profile), "--json", "--store", "none"])
    claims = [item["claim"] for item in json.loads(printed.getvalue())["evidence"]]
    facts = [claim for claim in claims if claim["type"] == "fact"]
    (answer,) = [fact["value"] for fact in facts if fact["name"] == f"use.{case.action}"]
    return Result(case=case, answer=answer, wrong=tuple(_wrong(case, claims)))


def write(case: Case, folder: Path) -> None:
    """Write the files of a case."""
    files = dict(case.snapshot)
    if case.card:
        front = yaml.safe_dump(case.card, sort_keys=False, allow_unicode=True)
        files["README.md"] = f"---\n{front}---\nA model.\n"
    if case.config:
        files["config.json"] = json.dumps(case.config)
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            path.write_bytes(_gguf(content["gguf"]))
        else:
            path.write_text(content, "utf-8")


def _wrong(case: Case, claims: list[dict[str, Any]]) -> Iterator[str]:
    told = [
        claim["message"].partition(": ")[0]
        for claim in claims
        if claim["type"] == "finding" and claim["rule"].startswith("licence.duty.")
    ]
    yield from (f"{duty} is not told" for duty in case.duties if duty not in told)
    yield from (f"{duty} is told" for duty in case.duties_absent if duty in told)
    extra: dict[str, int] = {}
    for duty in set(told) - {*case.duties, *case.duties_optional}:
        licence = duty.rpartition(":")[0]
        extra[licence] = extra.get(licence, 0) + 1
    yield from (f"{n} more duties of {id}" for id, n in extra.items() if n > MOST_EXTRA)
    names = {claim.get("rule") or claim.get("name") for claim in claims}
    for finding in case.findings:
        if not names & set(FINDINGS[finding]):
            yield f"{finding} is not told"
    yield from (f"{one} is told" for one in case.findings_absent if names & set(FINDINGS[one]))
    conditions = [c["value"]["name"] for c in claims if c.get("name") == "use.condition"]
    yield from (f"{one} is not told" for one in case.open_conditions if one not in conditions)


def _gguf(metadata: Mapping[str, str | int]) -> bytes:
    """Return a GGUF file without tensors (ggml, docs/gguf.md; version 3)."""
    pairs = b""
    for key, value in metadata.items():
        name = key.encode()
        pairs += struct.pack("<Q", len(name)) + name
        if isinstance(value, int):
            pairs += struct.pack("<II", 4, value)
        else:
            text = value.encode()
            pairs += struct.pack("<IQ", 8, len(text)) + text
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(metadata)) + pairs


def main() -> None:
    """Answer all cases, and write benchmarks/results/use-cases.json."""
    files = [Path(name) for name in sys.argv[1:]]
    rows: dict[tuple[str, str], int] = {}
    for case in cases(*files):
        result = outcome(case)
        if result.kind != "right":
            answers = "/".join((case.verdict, *case.also_accept))
            say(
                f"{case.id}: {result.kind}: {result.answer} for {answers} {'; '.join(result.wrong)}"
            )
        key = (case.confidence, result.kind)
        rows[key] = rows.get(key, 0) + 1
    made = [{"confidence": who, "kind": kind, "cases": n} for (who, kind), n in rows.items()]
    for row in made:
        say(f"{row['confidence']} confidence, {row['kind']}: {row['cases']}")
    if not files:
        say(f"wrote {save('use-cases', header('python -m benchmarks.use_cases') | {'rows': made})}")


if __name__ == "__main__":
    main()
