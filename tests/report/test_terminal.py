# SPDX-License-Identifier: Apache-2.0
"""The page on a terminal: readable without colour, at 80 columns."""

import functools

import pytest
from rich.cells import cell_len

from steelyard.cli import output
from steelyard.core.claim import Finding, Gap, Severity
from steelyard.core.dossier import Dossier
from steelyard.core.policy import Outcome
from steelyard.report.terminal import lines
from tests.samples import dossiers


def drawn(dossier: Dossier, width: int = 80) -> str:
    return "".join(f"{line.text}\n" for line in lines(dossier, width))


PAGE = """\
WARN  small meets the policy baseline, with something to review: its one rule
      warns
      findings: 1 medium; not assessed: 1

Why
  warn  no-code-on-load: 1 finding: sample.import

Findings
  medium  sample.import
          imports my_company.optim.schedules.CosineWithWarmRestarts, which no
          allowlist knows
          at optimizer.bin!archive/data.pkl byte:96
          to do: Look at what the class does when it is made

Not assessed
  gap  sample.unread: optimizer.bin!archive/extra: encrypted

Files
  1 file, 9.77 KiB: 1 zip
"""


def small() -> Dossier:
    finding = Finding(
        rule="sample.import",
        severity=Severity.MEDIUM,
        where="optimizer.bin!archive/data.pkl byte:96",
        message=(
            "imports my_company.optim.schedules.CosineWithWarmRestarts, which no allowlist knows"
        ),
        remedy="Look at what the class does when it is made",
    )
    gap = Gap(name="sample.unread", reason="encrypted", where="optimizer.bin!archive/extra")
    files = [dossiers.artifact("optimizer.bin", 10_000, "zip")]
    ruling = ("no-code-on-load", Outcome.WARN, "1 finding: sample.import", ("sample.import",))
    return dossiers.dossier("small", files, [("sample", finding), ("sample", gap)], [ruling])


def test_the_whole_page_at_80_columns() -> None:
    digest = small().subject.digest
    rest = (
        f"  {digest}\n\nNext\n  steelyard explain sample.import\n"
        f"  steelyard report {digest[:19]} --as html -o report.html\n"
    )
    assert drawn(small()) == PAGE + rest


@pytest.mark.parametrize("make", dossiers.ALL)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal_or_ends_in_spaces(make, width) -> None:
    lines = drawn(make(), width).splitlines()
    digest = make().subject.digest
    assert all(cell_len(line) <= width for line in lines if digest not in line)
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("make", dossiers.ALL)
def test_nothing_of_the_model_steers_the_terminal(make) -> None:
    text = drawn(make())
    assert all(char.isprintable() or char == "\n" for char in text)


def test_markup_in_a_name_stays_text() -> None:
    assert "[bold red]rich[/]" in drawn(dossiers.hostile(), 200)


@pytest.mark.parametrize("make", dossiers.ALL)
def test_colour_adds_nothing_but_colour(make, capsys, monkeypatch) -> None:
    from rich.text import Text

    show = functools.partial(lines, make())
    output.page(show)
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    output.page(show)
    coloured = capsys.readouterr().out
    assert Text.from_ansi(coloured).plain.splitlines() == plain.splitlines()
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain


def test_where_there_is_no_terminal_the_page_is_as_wide_as_columns_says(capsys, monkeypatch):
    for said, width in (("", 80), ("40", 40), ("-7", 80), ("wide", 80)):
        monkeypatch.setenv("COLUMNS", said)
        output.page(functools.partial(lines, dossiers.poisoned()))
        assert capsys.readouterr().out == drawn(dossiers.poisoned(), width)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (dossiers.sound, "PASS"),
        (dossiers.warned, "WARN"),
        (dossiers.unknown, "UNKNOWN"),
        (dossiers.poisoned, "FAIL"),
    ],
)
def test_the_first_word_is_the_verdict(make, word) -> None:
    assert drawn(make()).split()[0] == word


def test_the_last_line_teaches_the_next_step() -> None:
    lines = drawn(dossiers.poisoned()).splitlines()
    assert lines[-2] == "  steelyard explain pickle.call"
    assert lines[-1].endswith("--as html -o report.html")


def test_what_is_worth_knowing_is_there() -> None:
    text = drawn(dossiers.poisoned())
    assert "weights  92.1 MiB, 134.5 million parameters" in text
    assert "161 MiB at 2,048 tokens, 361 MiB at worst" in text
    assert "296 MiB at 8,192 tokens" in text
    assert "declared        Apache-2.0, says the model card, as 'apache-2.0'" in text
    assert "terms           Apache License 2.0: 1 duty; steelyard explain Apache-2.0" in text
    assert "gap  coverage.unread: shards/part-00001.dat: of no known format" in text


def test_a_finding_shows_the_last_steps_of_how_it_comes_about() -> None:
    finding = Finding(
        rule="sample.call",
        severity=Severity.CRITICAL,
        where="a.bin byte:9",
        message="loading calls os.system",
        trail=tuple(f"{number}: STEP" for number in range(9)),
    )
    made = dossiers.dossier("m", [dossiers.artifact("a.bin")], [("sample", finding)])
    assert """
            at a.bin byte:9
              after 5 earlier steps
              5: STEP
              6: STEP
              7: STEP
              8: STEP
""" in drawn(made)


def test_very_many_findings_stay_one_page() -> None:
    text = drawn(dossiers.crowded(20_000))
    assert len(text.splitlines()) < 80
    assert "more kinds of findings; steelyard report shows them" in text


def test_scores_are_told_with_intervals_and_engine() -> None:
    text = drawn(dossiers.measured())
    assert "\n  mmlu acc: 0.4512 (0.4300 to 0.4700, n 14,042)\n" in text
    assert "measured with llama.cpp 0.3.16 (threads=1, weights=Q4_1)" in text
    assert "held against 3 models, related to none" in text
