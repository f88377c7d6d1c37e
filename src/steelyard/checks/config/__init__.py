# SPDX-License-Identifier: Apache-2.0
"""Probe `config`: what configurations make a loader or an installer fetch and call."""

import itertools
from collections.abc import Iterable, Iterator, Mapping

from steelyard.checks.config import descriptors as d
from steelyard.core.claim import Claim, Fact, exactly
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model, Part
from steelyard.formats.build_steps import bases, fetching_steps, is_dockerfile, is_modelfile
from steelyard.formats.json import JsonDocument
from steelyard.formats.paths import elsewhere, shown
from steelyard.formats.port import Flaw
from steelyard.formats.requirements import (
    Origin,
    is_requirements,
    origins_of_environment,
    origins_of_lines,
    origins_of_project,
)
from steelyard.formats.text import Text
from steelyard.formats.yaml import YamlDocument

_MOST = 20  # findings of one document; a hostile one has no need for more
_ORIGINS: Mapping[str, tuple[Descriptor, str]] = {
    "index": (d.OTHER_INDEX, "packages are looked for at"),
    "direct": (d.DIRECT_REQUIREMENT, "a package is installed from"),
    "local": (d.LOCAL_REQUIREMENT, "a package is installed from the file"),
    "untrusted": (d.UNCHECKED_HOST, "certificates are not checked for"),
}
_FLAWS: Mapping[str, Descriptor] = {
    "duplicate-key": d.DUPLICATE_KEY,
    "not-json": d.NOT_PARSED,
    "not-yaml": d.NOT_PARSED,
    "not-utf-8": d.NOT_PARSED,
}


@probe(
    "config",
    version="1",
    descriptors=d.DESCRIPTORS,
    formats=("exported-program", "json", "keras-config", "python", "skops", "text", "yaml"),
    otherwise=(exactly("config.documents", 0, "1"),),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Find what configurations tell libraries and installers to fetch and call.

    ## What it looks at
    JSON and YAML documents in every layer, those inside archives such as `.nemo` too: members
    `_target_`, `_component_`, `class_path` and `target` that name a callable, tags of YAML that do,
    members that are there twice. Requirements and constraints of pip, `pyproject.toml`, `Pipfile`,
    conda environments: where packages come from. Dockerfiles: steps that fetch and run. Modelfiles:
    what they build on. No tag and no alias of YAML is honoured, nothing is imported.

    ## Why it matters
    `hydra.utils.instantiate`, NeMo's `restore_from`, HyperPyYAML and others import whatever a
    configuration names and call it with arguments from the same file: `_target_: os.system` is enough.

    ## How to read it
    What a configuration names is held to a list of libraries and plain types that configurations of
    real models name. Classes of these give nothing; functions and unknown packages are medium;
    the standard library is high; whatever runs, loads, writes or deletes is critical. Plain
    requirements, pinned or not, give nothing. `config.documents` counts the documents.

    ## What it cannot see
    What a package does once it is installed or imported. Names that other tools compute from several
    values. Templates of other languages; of a Modelfile only what it builds on is looked at.

    ## Sources
    hydra 1.3; NeMo 2; torchtune; HyperPyYAML 1.2; PyYAML 6.0; pip 25; PEP 508, 621; the names listed in
    `knowledge/code/targets.json`.
    """
    del context
    count = 0
    for part in model.parts():
        content = part.content
        if isinstance(content, JsonDocument | YamlDocument):
            count += 1
            yield from _document(part, content)
        elif isinstance(content, Text):
            yield from _text(part.where, content.text)
    yield exactly("config.documents", count, "1")


def _document(part: Part, content: JsonDocument | YamlDocument) -> Iterator[Claim]:
    from steelyard.checks.config.targets import claims_of

    if isinstance(content, YamlDocument):
        yield from _origins(part.where, origins_of_environment(content.value))
    yield from itertools.islice(claims_of(part.where, content), _MOST)
    yield from _flaws(part.where, content.flaws)


def _flaws(where: str, flaws: Iterable[Flaw]) -> Iterator[Claim]:
    for flaw in flaws:
        if flaw.code in _FLAWS:
            yield _FLAWS[flaw.code].at(place(where, byte=flaw.at), flaw.message)


def _text(where: str, text: str) -> Iterator[Claim]:
    name = where.replace("!", "/").rpartition("/")[2].lower()
    if is_requirements(where):
        yield from _origins(where, origins_of_lines(text))
    elif name in ("pyproject.toml", "pipfile", "uv.toml", "poetry.toml"):
        yield from _project(where, text)
    elif is_dockerfile(where):
        for step in fetching_steps(text):
            yield d.REMOTE_STEP.at(place(where, line=step.line), step.written)
    elif is_modelfile(where):
        yield from _modelfile(where, text)


def _modelfile(where: str, text: str) -> Iterator[Claim]:
    found = list(bases(text))
    named = next((base for base in found if base.keyword == "FROM"), None)
    yield Fact(name="config.modelfile", value=named.path if named else "", where=where)
    for base in [base for base in found if elsewhere(base.path)][:_MOST]:
        message = f"{base.keyword} names {shown(base.path)!r}"
        yield d.OTHER_BASE.at(place(where, line=base.line), message)


def _project(where: str, text: str) -> Iterator[Claim]:
    import tomllib

    try:
        project = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        yield d.NOT_PARSED.at(where, "no TOML")
        return
    yield from _origins(where, origins_of_project(project))


def _origins(where: str, origins: Iterable[Origin]) -> Iterator[Claim]:
    for index, origin in enumerate(origins):
        if index < _MOST:
            descriptor, what = _ORIGINS[origin.kind]
            at = place(where, line=origin.line, pointer=origin.pointer)
            yield descriptor.at(at, f"{what} {origin.value!r}")
