# SPDX-License-Identifier: Apache-2.0
"""Everything `explain` knows and `list` lists, in one namespace."""

import inspect
from collections.abc import Callable, Iterator
from typing import get_args

import msgspec

from steelyard import report
from steelyard.checks.licence.use.actions import PAGES
from steelyard.core.plugins import extensions
from steelyard.core.policy import Policy
from steelyard.core.probe import Descriptor
from steelyard.evals.metrics import pages as metrics
from steelyard.flow.engines import known_engines
from steelyard.flow.examine import known_probes
from steelyard.flow.policies import known_policies
from steelyard.flow.rules import AnyRule
from steelyard.flow.suppress import EXPIRED
from steelyard.flow.tasks import builtin_tasks
from steelyard.formats.nesting import known_formats
from steelyard.knowledge import licence
from steelyard.report import Report


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A manual page.

    Attributes:
        id: What `explain` takes.
        kind: What `list` takes.
        title: One line.
        text: Markdown.
    """

    id: str
    kind: str
    title: str
    text: str


def _probes() -> Iterator[Page]:
    for probe in known_probes():
        title = probe.page.partition("\n")[0].rstrip(".")
        yield Page(id=probe.id, kind="probes", title=title, text=probe.page)


def _findings() -> Iterator[Page]:
    for probe in known_probes():
        for descriptor in probe.descriptors:
            yield _finding(descriptor, f"Found by the probe `{probe.id}`.")
    yield _finding(EXPIRED, "Told by the settings that are in force.")


def _finding(descriptor: Descriptor, by: str) -> Page:
    text = (
        f"{descriptor.title}. Severity: {descriptor.severity}.\n\n"
        f"{descriptor.page.strip()}\n\n## What to do\n{descriptor.remedy}.\n\n{by}"
    )
    return Page(id=descriptor.id, kind="findings", title=descriptor.title, text=text)


def _policies() -> Iterator[Page]:
    for policy in known_policies():
        yield Page(id=policy.id, kind="policies", title=policy.title, text=_policy_text(policy))


def _policy_text(policy: Policy) -> str:
    lines = [f"{policy.title}.", "", policy.page, "", "## Rules"]
    lines += [f"### {rule.id}\n{getattr(rule, 'page', '').strip()}" for rule in policy.rules]
    return "\n".join(lines)


def _rule_kinds() -> Iterator[Page]:
    for kind in get_args(AnyRule):
        text = inspect.cleandoc(kind.__doc__)
        title = text.partition("\n")[0].rstrip(".")
        yield Page(id=kind.__struct_config__.tag, kind="rules", title=title, text=text)


def _formats() -> Iterator[Page]:
    for form in {form.id: form for form in known_formats()}.values():
        text = inspect.cleandoc(inspect.getmodule(form.read).__doc__ or "")
        yield Page(id=f"format.{form.id}", kind="formats", title=form.title, text=text)


def _actions() -> Iterator[Page]:
    for action, (title, text) in PAGES.items():
        by = f"Told by the probe `use` as the fact `use.{action}`: `no`, `unknown`, `if` or `yes`; "
        by += f"`use.because.{action}` says what decides. Not legal advice."
        yield Page(id=f"use.{action}", kind="actions", title=title, text=f"{text.strip()}\n\n{by}")


def _metrics() -> Iterator[Page]:
    for name, (title, text) in metrics.PAGES.items():
        yield Page(id=f"metric.{name}", kind="metrics", title=title, text=f"{title}.\n{text}")


def _licences() -> Iterator[Page]:
    for terms in licence.known_licences():
        yield Page(id=terms.id, kind="licences", title=terms.name, text=licence.page(terms))


def _reports() -> Iterator[Page]:
    for rendering in extensions(report, Report):
        yield Page(
            id=f"report.{rendering.id}",
            kind="reports",
            title=rendering.title,
            text=rendering.page.strip(),
        )


def _engines() -> Iterator[Page]:
    for kind in known_engines():
        text = f"{kind.title}.\n\n{kind.page.strip()}"
        yield Page(id=f"engine.{kind.id}", kind="engines", title=kind.title, text=text)


def _tasks() -> Iterator[Page]:
    for name, path in builtin_tasks().items():
        text = f"Task `{name}`, as its file says.\n\n```yaml\n{path.read_text('utf-8')}\n```"
        yield Page(id=f"task.{name}", kind="tasks", title=path.parent.name, text=text)


KINDS: dict[str, Callable[[], Iterator[Page]]] = {
    "actions": _actions,
    "engines": _engines,
    "findings": _findings,
    "formats": _formats,
    "licences": _licences,
    "metrics": _metrics,
    "policies": _policies,
    "probes": _probes,
    "reports": _reports,
    "rules": _rule_kinds,
    "tasks": _tasks,
}


def pages() -> list[Page]:
    """Return every page, by id whatever its case."""
    found = (page for kind in KINDS.values() for page in kind())
    return sorted(found, key=lambda page: page.id.lower())
