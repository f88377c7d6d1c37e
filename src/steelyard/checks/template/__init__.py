# SPDX-License-Identifier: Apache-2.0
"""Probe `template`: what chat templates would do when they are rendered."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from steelyard.checks.template.descriptors import DESCRIPTORS, MALFORMED
from steelyard.core.claim import Claim, Gap, Severity, exactly
from steelyard.core.errors import MalformedError
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.jinja_sites import Site, sites
from steelyard.knowledge import entry

if TYPE_CHECKING:
    from steelyard.formats.jinja import Remark

_MOST = 5  # findings of one kind for one template; the message of the last one counts the rest


@probe(
    "template",
    version="1",
    descriptors=DESCRIPTORS,
    formats=("exported-program", "gguf", "json", "keras-config", "python", "skops", "text", "yaml"),
    otherwise=(exactly("template.templates", 0, "1"),),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Parse every chat template and hold it to what templates of real models do.

    ## What it looks at
    Jinja templates wherever they hide: any member whose name contains `chat_template` in any JSON or
    YAML document and in GGUF metadata, files named `*.jinja`, `*.jinja2`, `*.j2`, and other texts under
    names such as `prompt` or `template` that look like Jinja (these only for what is dangerous); inside
    archives too. Each is parsed by Jinja's own parser and never rendered. Values are followed through
    variables, namespaces, macros, loops and filters, so a name counts as what it comes to.

    ## Why it matters
    A chat template is a program that comes with the weights and runs on each message. Renderers without
    a sandbox let it run any code; behind a sandbox it can still stop the server, or put words into the
    prompt that nobody wrote.

    ## How to read it
    `template.templates` counts the templates that were examined. What real templates do gives no
    finding. Findings of severity high or critical are things no real template does; medium ones are
    for a person to look at. The trail shows the expression, the variables in it, and what it comes to.

    ## What it cannot see
    Whether the text that a template adds is good for anyone: a system prompt that is always there is
    the author's right. Templates of other languages (Go in Ollama's Modelfile). What a renderer's own
    extensions do.

    ## Sources
    Jinja 3.1; transformers' `apply_chat_template`; CVE-2024-34359; CVE-2026-5760; Pillar Security 2025
    on poisoned GGUF templates; the idioms listed in `knowledge/templates/chat.json`.
    """
    del context
    found: dict[str, tuple[Remark, ...] | MalformedError] = {}
    count = 0
    for site in sites(model.parts()):
        count += 1
        if site.text not in found:
            found[site.text] = _examined(site.text)
        yield from _claims(site, found[site.text])
    yield exactly("template.templates", count, "1")


def _examined(text: str) -> "tuple[Remark, ...] | MalformedError":
    from steelyard.formats.jinja import Idioms, remarks

    idioms = msgspec.json.decode(entry("templates", "chat") or b"", type=Idioms)
    try:
        return remarks(text, idioms)
    except MalformedError as error:
        return error


def _claims(site: Site, found: "tuple[Remark, ...] | MalformedError") -> Iterator[Claim]:
    where = place(site.where, pointer=site.pointer)
    if site.unread:
        yield Gap(name="template.unreadable", reason=site.unread, where=where)
    if isinstance(found, MalformedError):
        if site.certain:
            yield MALFORMED.at(where, found.message)
            yield Gap(name="template.unreadable", reason=found.message, where=where)
        return
    for descriptor in DESCRIPTORS:
        if site.certain or descriptor.severity.rank >= Severity.HIGH.rank:
            code = descriptor.id.partition(".")[2]
            yield from _alike(site, descriptor, [each for each in found if each.code == code])


def _alike(site: Site, descriptor: Descriptor, found: "list[Remark]") -> Iterator[Claim]:
    for index, remark in enumerate(found[:_MOST], start=1):
        more = len(found) - _MOST if index == _MOST else 0
        where, message = _placed(site, remark, more)
        yield descriptor.at(where, message, trail=remark.trail)


def _placed(site: Site, remark: "Remark", more: int) -> tuple[str, str]:
    rest = f"; and {more} more like it" if more else ""
    if site.pointer:
        where = place(site.where, pointer=site.pointer)
        return where, f"line {remark.line} of the template: {remark.message}{rest}"
    return place(site.where, line=remark.line), f"{remark.message}{rest}"
