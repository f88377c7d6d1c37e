# SPDX-License-Identifier: Apache-2.0
"""Report `notice`: the notices, words and texts that the duties of a use ask for, ready to go along."""

import textwrap
from collections.abc import Iterator, Sequence

from steelyard.core.dossier import Dossier
from steelyard.report import Report
from steelyard.report.summary.licence_files import licence_files, where_to_get
from steelyard.report.summary.text import shown
from steelyard.report.summary.use import ACTIONS, Owed, UseSaid, use_said

_WIDTH = 79
_RULE = "-" * _WIDTH
_PARTS = (
    (
        "NOTICES",
        "These sentences belong into a file that goes along with every copy.",
        ("notice_file",),
    ),
    ("WORDS TO SHOW", "Show these where users or readers see them.", ("display",)),
    ("NAME", "The name of what is handed on or offered begins with:", ("name_prefix",)),
    (
        "TEXTS TO INCLUDE",
        "Put these texts beside the weights, word for word.",
        ("include_licence",),
    ),
    ("NOTICES TO KEEP", "Notices that came with the files stay.", ("retain_notices",)),
    ("STATEMENT OF CHANGES", "Fill in the brackets.", ("state_changes",)),
    (
        "TERMS TO PASS ON",
        "Take these into the terms that those who get the work accept, and tell them.",
        ("passdown", "share_alike"),
    ),
    ("USE LIMITS", "These bind whoever uses the work.", ("aup",)),
    (
        "TO DO",
        "Steps that no file can take.",
        (
            "register",
            "source",
            "use_latest",
            "machine_generated_label",
            "seek_health_authorisation",
        ),
    ),
)


def render(dossier: Dossier) -> str:
    """Return the notices; without a use profile, a text that says how to get them."""
    return "\n".join(_lines(dossier)) + "\n"


def _lines(dossier: Dossier) -> Iterator[str]:
    yield "NOTICE"
    yield ""
    yield from _wrapped(f"Of {shown(dossier.subject.name)}, {shown(dossier.subject.digest)}.")
    yield from _wrapped(
        "Put together from what licence texts say, as far as they were read. Not legal advice."
    )
    said = use_said(dossier)
    if said is None or not said.asked:
        yield ""
        yield from _wrapped(
            "There is no use profile, so it is not known which duties come up. `steelyard use"
            " SUBJECT` asks what matters; then write this file anew."
        )
        return
    yield from _barred(said)
    for heading, lead, duties in _PARTS:
        yield from _part(dossier, heading, lead, [one for one in said.duties if one.duty in duties])
    yield from _held(said)


def _barred(said: UseSaid) -> Iterator[str]:
    """Yield the answers that no notice can mend."""
    for one in said.answers:
        if one.answer in ("no", "unknown"):
            yield ""
            yield from _wrapped(f"To {ACTIONS.get(one.action, one.action)}: {one.words}.")


def _part(dossier: Dossier, heading: str, lead: str, owed: Sequence[Owed]) -> Iterator[str]:
    if not owed:
        return
    yield from ("", _RULE, heading, "")
    yield from _wrapped(lead)
    for one in owed:
        yield ""
        yield from _wrapped(one.words, "  ")
        read = f"; {one.read}, as of {one.as_of}" if one.read else ""
        yield from _wrapped(f"[{one.source}{read}]", "    ")
        if one.duty == "include_licence":
            lines = list(licence_files(dossier, one.licence)) or [where_to_get(one.licence)]
            yield from (line for text in lines for line in _wrapped(f"File: {text}.", "    "))


def _held(said: UseSaid) -> Iterator[str]:
    if said.conditions:
        yield from ("", _RULE, "WHAT HAS TO HOLD")
        for one in said.conditions:
            yield ""
            yield from _wrapped(one.words if one.open else f"To watch: {one.words}", "  ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        shown(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


NOTICE = Report(
    id="notice",
    title="Notices that go along",
    suffix=".txt",
    render=render,
    page="""
A text file with what the duties of a use ask for: notices for a NOTICE file, words to show, how a name
begins, texts to include, notices to keep, a statement of changes, terms to pass on, use limits, and what
has to hold. Each with the licence, its section, how well the text was read, and when.

It is made of the evidence alone, so the check must have had a use profile: `[use]` in `steelyard.toml`, or
`--use`. Evidence holds no texts of licences: the files that hold them are named with their digests, and where
no file does, an address. What is in square brackets is to be filled in. It is
not legal advice.
""",
)
