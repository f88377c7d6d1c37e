# SPDX-License-Identifier: Apache-2.0
"""Patterns of task files: what `re` makes of them, and an end to those that would not end."""

import re
import signal
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.evals.filters.pipeline import pipelines
from steelyard.evals.metrics.exact_match import exact_match
from steelyard.evals.patterns import Matcher
from steelyard.evals.tasks.template import Templates

HOSTILE = [
    (r"(a+)+$", "a" * 60 + "b"),
    (r"(a|a)*$", "a" * 60 + "b"),
    (r".*.*.*.*x", "a" * 4000),
    (r"(?:.*=)*x", "=" * 60 + "y"),
    (r"^(?:(?:a+)+b)+(?<=c)", "a" * 60),
]


@pytest.mark.parametrize(("pattern", "text"), HOSTILE)
def test_a_pattern_that_would_not_end_is_stopped_and_named(pattern: str, text: str) -> None:
    begun = time.process_time()
    with pytest.raises(LimitError, match=re.escape(repr(pattern))) as caught:
        Matcher(seconds=0.05).findall(pattern, text)
    assert time.process_time() - begun < 2
    assert "repeat inside a repeat" in caught.value.hint


def test_slow_texts_together_are_bounded_too() -> None:
    matcher = Matcher(seconds=0.05, in_all=0.1)
    for _ in range(3):
        with pytest.raises(LimitError):
            matcher.sub(r"(a+)+$", "", "a" * 60 + "b")
    with pytest.raises(LimitError):
        matcher.findall("a", "a")


@given(
    st.sampled_from([r"(-?[$0-9.,]{2,})|(-?[0-9]+)", r"\b(Yes|No)\b", r"(?<=is )(.*)(?=.)", "()"]),
    st.text(alphabet="YesNo is 0123,.$-\n", max_size=80),
)
def test_matches_are_those_of_re(pattern: str, text: str) -> None:
    matcher = Matcher()
    assert matcher.findall(pattern, text) == re.findall(pattern, text)
    assert matcher.sub(pattern, "<>", text, 2) == re.sub(pattern, "<>", text, count=2)


@pytest.mark.parametrize("pattern", ["(", "[a", "(?P<x>", r"\1"])
def test_a_pattern_that_is_none_is_named(pattern: str) -> None:
    with pytest.raises(MalformedError, match="is wrong"):
        Matcher().check(pattern)


def test_the_timer_of_others_is_left_as_it_was() -> None:
    def mine(*_: object) -> None: ...

    before = signal.signal(signal.SIGVTALRM, mine)
    try:
        Matcher().findall("a", "aa")
        assert signal.getsignal(signal.SIGVTALRM) is mine
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGVTALRM, before)


def test_another_thread_matches_as_well() -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(Matcher().findall("a", "aa")))
    thread.start()
    thread.join()
    assert found == [["a", "a"]]


def test_a_hostile_filter_ends_the_judging_not_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.evals.filters.extract.Matcher", lambda: Matcher(seconds=0.05))
    for name in ("regex", "multi_choice_regex"):
        step = {"function": name, "regex_pattern": r"(a+)+$"}
        (pipeline,) = pipelines([{"name": "x", "filter": [step]}], lambda step: None)
        with pytest.raises(LimitError, match="takes too long on a text of 61 characters"):
            pipeline.apply(["a" * 60 + "b"], {"choices": ["x"]})


def test_a_hostile_pattern_to_ignore_ends_the_judging() -> None:
    with pytest.raises(LimitError, match="takes too long"):
        exact_match(
            "a" * 60 + "b", "b", regexes_to_ignore=[r"(a+)+$"], matcher=Matcher(seconds=0.05)
        )


def test_a_hostile_pattern_in_a_template_ends_its_rendering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("steelyard.evals.tasks.template.Matcher", lambda: Matcher(seconds=0.05))
    with pytest.raises(LimitError, match="takes too long"):
        Templates().render("{{ q | regex_replace('(a+)+$', '') }}", {"q": "a" * 60 + "b"})
