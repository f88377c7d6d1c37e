# SPDX-License-Identifier: Apache-2.0
"""Everything a user can meet by name has a page worth reading."""

import importlib
import inspect
import re
from collections import Counter

import click
import pytest

from steelyard.cli import catalogue
from steelyard.cli.main import steelyard
from steelyard.core.probe import Descriptor, Probe
from steelyard.flow.examine import known_probes
from steelyard.flow.policies import known_policies
from steelyard.formats.nesting import known_formats

HEADINGS = [
    "What it looks at",
    "Why it matters",
    "How to read it",
    "What it cannot see",
    "Sources",
]
PAGES = catalogue.pages()
PROBES = known_probes()
FOUND_BY = [(probe, descriptor) for probe in PROBES for descriptor in probe.descriptors]
WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DUTY = re.compile(r"duty\.[a-z]+(_[a-z]+)*")


def by_id(value: object) -> str:
    return value.id if isinstance(value, Probe | Descriptor | catalogue.Page) else ""


def verbs() -> dict[str, click.Command]:
    context = click.Context(steelyard)
    return {name: steelyard.get_command(context, name) for name in steelyard.list_commands(context)}


OPTIONS = [
    pytest.param(option, id=f"{name} {option.opts[-1]}")
    for name, verb in verbs().items()
    for option in verb.params
    if isinstance(option, click.Option)
]


@pytest.mark.parametrize("probe", PROBES, ids=by_id)
def test_a_probe_has_the_five_headings_with_something_under_each(probe: Probe) -> None:
    assert re.findall(r"^## (.*)$", probe.page, re.MULTILINE) == HEADINGS
    sections = re.split(r"^## .*$", probe.page, flags=re.MULTILINE)
    assert all(len(section.split()) >= 3 for section in sections)


@pytest.mark.parametrize("probe", PROBES, ids=by_id)
def test_a_probe_begins_its_page_with_one_sentence(probe: Probe) -> None:
    first, _, rest = probe.page.partition("\n")
    assert first.endswith(".")
    assert rest.startswith("\n")
    assert WORD.fullmatch(probe.id)


@pytest.mark.parametrize(("probe", "descriptor"), FOUND_BY, ids=by_id)
def test_a_finding_is_named_after_its_probe_or_the_package_of_it(
    probe: Probe, descriptor: Descriptor
) -> None:
    owner, _, name = descriptor.id.partition(".")
    assert owner in (probe.id, *probe.look.__module__.split(".")[2:])
    assert WORD.fullmatch(name) or DUTY.fullmatch(name)


@pytest.mark.parametrize(("probe", "descriptor"), FOUND_BY, ids=by_id)
def test_a_finding_has_a_page_and_a_remedy(probe: Probe, descriptor: Descriptor) -> None:
    assert len(descriptor.page.split()) >= 15
    assert descriptor.title == descriptor.title.strip(" .") != ""
    assert len(descriptor.remedy.split()) >= 2 and not descriptor.remedy.endswith(".")


@pytest.mark.parametrize("page", PAGES, ids=by_id)
def test_a_page_has_a_title_and_a_text(page: catalogue.Page) -> None:
    assert page.title.strip()
    assert len(page.text.split()) >= 5
    assert page.id == page.id.lower() or page.kind == "licences"
    assert " " not in page.id


def test_no_two_things_share_an_id() -> None:
    counts = Counter(page.id.lower() for page in PAGES)
    assert [id for id, count in counts.items() if count > 1] == []


def test_every_kind_that_can_be_listed_has_something_in_it() -> None:
    assert {page.kind for page in PAGES} == set(catalogue.KINDS)


@pytest.mark.parametrize("form", known_formats(), ids=lambda form: form.id)
def test_a_format_is_described_by_its_module(form) -> None:
    assert len((inspect.getmodule(form.read).__doc__ or "").split()) >= 3
    assert WORD.fullmatch(form.id)


@pytest.mark.parametrize("policy", known_policies(), ids=lambda policy: policy.id)
def test_a_policy_and_each_of_its_rules_has_a_page(policy) -> None:
    assert len(policy.page.split()) >= 15
    assert [rule.id for rule in policy.rules if len(rule.page.split()) < 5] == []


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_says_what_it_does_and_mirrors_to_the_environment(option: click.Option) -> None:
    if option.name == "help":
        return
    assert option.help
    assert str(option.envvar).startswith("STEELYARD_")


@pytest.mark.parametrize(("name", "verb"), verbs().items(), ids=lambda value: str(value))
def test_a_verb_says_what_it_does(name: str, verb: click.Command) -> None:
    module = importlib.import_module(verb.callback.__module__)
    assert verb.help
    assert f"`{name}`" in module.__doc__
