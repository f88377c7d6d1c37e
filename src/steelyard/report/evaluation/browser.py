# SPDX-License-Identifier: Apache-2.0
"""Samples to unfold: what was asked, and what each option or text came to."""

import itertools
from collections.abc import Mapping, Sequence

import msgspec

from steelyard.evals.record import SampleRecord
from steelyard.evals.requests import Continuation, Likelihood, Request, Whole, Written
from steelyard.report.summary.amounts import score
from steelyard.report.summary.text import clipped, shown

_TEXT = 6_000  # characters of a prompt, from its end
_LABEL = 140
_OPTIONS = 40
_UNFILTERED = "none"


class SampleView(msgspec.Struct, frozen=True, kw_only=True):
    """A sample to unfold: what was asked, the options or texts, and what each scored."""

    kind: str
    verdict: str
    label: str
    prompts: tuple[str, ...]
    target: str
    columns: tuple[str, ...]
    options: tuple[tuple[bool, tuple[str, ...]], ...]
    scores: str


def chosen(samples: Sequence[SampleRecord], most: int) -> list[SampleRecord]:
    """Return some samples, of each task about as many, and of each those answered wrong first."""
    by_task: dict[str, list[SampleRecord]] = {}
    for sample in sorted(samples, key=lambda sample: mark(sample.scores)):
        by_task.setdefault(sample.task, []).append(sample)
    rounds = itertools.zip_longest(*(by_task[task] for task in sorted(by_task)))
    found = [sample for some in rounds for sample in some if sample is not None]
    return sorted(found[:most], key=lambda sample: (sample.task, mark(sample.scores)))


def mark(scores: Mapping[str, float]) -> float:
    """Return the lowest score of a sample; 0 where it has none."""
    return min(scores.values(), default=0.0)


def view(sample: SampleRecord) -> SampleView:
    """Return a sample as it is shown."""
    right = mark(sample.scores) > 0
    prompts = tuple(dict.fromkeys(_context(request) for request in sample.requests))
    likely = [answer for answer in sample.answers if isinstance(answer, Likelihood)]
    best = max((answer.logprob for answer in likely), default=0.0)
    options = []
    for request, answer in zip(sample.requests, sample.answers, strict=True):
        if isinstance(answer, Written):
            options.append(
                (False, (clipped(_lines(answer.text), _TEXT), f"{answer.tokens:,} tokens"))
            )
        else:
            text = _lines(_asked(request))
            options.append((answer.logprob == best, (text, f"{answer.logprob:.4f}")))
    options += [
        (False, (f"{shown(name)} reads: {clipped(shown(str(read)), _LABEL)}", ""))
        for name, read in sample.filtered.items()
        if name != _UNFILTERED
    ]
    return SampleView(
        kind="right" if right else "wrong",
        verdict="right" if right else "wrong",
        label=label(sample),
        prompts=tuple(_tail(_lines(text)) for text in prompts[:4] if text),
        target=clipped(shown(sample.target), 300),
        columns=("Answer", "Log-probability" if likely else "Length"),
        options=tuple(options[:_OPTIONS]),
        scores=", ".join(f"{name} {score(value)}" for name, value in sorted(sample.scores.items())),
    )


def side_by_side(
    one: SampleRecord, other: SampleRecord
) -> tuple[tuple[bool, tuple[str, ...]], ...]:
    """Return the options of a sample with the answers of two models."""
    rows: list[tuple[bool, tuple[str, ...]]] = []
    for request, old, new in zip(other.requests, one.answers, other.answers, strict=True):
        if isinstance(old, Likelihood) and isinstance(new, Likelihood):
            text = _lines(_asked(request))
            rows.append((False, (text, f"{old.logprob:.4f}", f"{new.logprob:.4f}")))
        elif isinstance(old, Written) and isinstance(new, Written):
            texts = (clipped(_lines(text), _TEXT) for text in (old.text, new.text))
            rows.append((False, ("", *texts)))
    return tuple(rows[:_OPTIONS])


def label(sample: SampleRecord) -> str:
    """Return what a sample is called: task, number, and how the last paragraph of it begins."""
    first = sample.requests[0] if sample.requests else None
    text = (_context(first) or _asked(first)) if first is not None else ""
    last = text.strip().rpartition("\n\n")[2]
    words = clipped(" ".join(shown(line) for line in last.splitlines()), _LABEL)
    return f"{shown(sample.task)} {sample.index}: {words}"


def _context(request: Request) -> str:
    return request.text if isinstance(request, Whole) else request.context


def _asked(request: Request) -> str:
    return request.text if isinstance(request, Continuation) else ""


def _lines(text: str) -> str:
    """Return a text with its lines kept, and what cannot be seen written out."""
    return "\n".join(shown(line) for line in text.split("\n"))


def _tail(text: str) -> str:
    """Return a text from its end, where the question stands."""
    return text if len(text) <= _TEXT else f"… {text[-_TEXT:]}"
