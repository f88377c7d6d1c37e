# SPDX-License-Identifier: Apache-2.0
"""Probe `licence`: which terms are declared, and what their texts say."""

from collections.abc import Iterator, Sequence

from steelyard.checks.licence import findings, kinds
from steelyard.checks.licence.declared import CardAt, Declared, cards, declarations
from steelyard.checks.licence.gather import counted, settled
from steelyard.checks.licence.lineage import Base, bases
from steelyard.checks.licence.lineage.look import descent
from steelyard.checks.licence.terms import answer_facts, answers, declared_fact, term_facts
from steelyard.checks.licence.texts import declared_by, texts_at
from steelyard.core.claim import Claim, Fact, Gap
from steelyard.core.probe import Context, probe
from steelyard.core.subject import Model
from steelyard.detectors.licence_shelf import Shelf

__all__ = ["descent", "look"]


@probe("licence", version="1", descriptors=kinds.KINDS, needs=("licence_texts",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Say which licences are declared where, and what their texts say.

    ## What it looks at
    The front matter of model cards (`license`, `license_name`, `license_link`, `extra_gated_prompt`,
    `base_model`); files called LICENSE, COPYING, NOTICE, USE_POLICY and the like, in any folder, and
    those that a card links to; the metadata of GGUF (`general.license*`, `general.base_model.*`) and
    safetensors files, where a whole licence may stand; `config.json`, `adapter_config.json`; the
    metadata of Python and npm packages.

    Names are looked up among the licences there are facts of (`steelyard list licences`). Texts are
    compared word by word with fingerprints of the known ones: *exact*, *variant* or *unknown*. A
    likeness never becomes a licence.

    ## Why it matters
    A tag is what someone chose from a list. Whether a model may be used depends on the text that stands
    behind it, and on the texts of the models it was made from. Licences that differ in one clause look
    alike to a person and to most tools; some that are shared freely bar commercial use.

    ## How to read it
    `licence.declared` says who declares what, and where. `licence.terms` says what the text of that
    licence says, with sections, how much of the text was read, and when. `licence.use`, `.commercial`,
    `.redistribute`, `.derivatives` and `.hosted` answer over everything that is declared, bases
    included, the worst of all:

    - `yes`: the text says so, and sets no limit on who, where or for what
    - `if`: within limits or on conditions (thresholds, territory, use limits, leave), or the text does
      not say
    - `unknown`: nothing is known of it, or what is known is doubtful
    - `no`: the text bars it

    `licence.because` says what decides each answer. Duties, such as keeping notices, stand in
    `licence.terms`; they do not make a yes an if. `licence.presumed` is the licence that models of a
    base's id usually come with; which bases there are, the probe `lineage` says. A gap `licence.none`
    means that no licence is declared: that is no permission.

    ## What it cannot see
    Whether a declaration is true. Terms behind an address, on a web page, in a PDF or a picture, in the
    prose of a card. The licence of a base that is not named. What a court would say: these are facts of
    texts in our own words, not legal advice.

    ## Sources
    The licence texts, as each page of `steelyard explain LICENCE` names them; SPDX licence expressions;
    the hub's model card specification; GGUF's metadata keys (ggml, docs/gguf.md).
    """
    found = cards(model)
    shelf = Shelf(context.licence_texts) if context.licence_texts else None
    for at in found:
        yield from findings.of_card(at)
    declared = list(declarations(model, found))
    for claim in _texts(model, found, shelf):
        if isinstance(claim, Declared):
            declared.append(claim)
        else:
            yield claim
    yield from _claims(settled(declared), list(bases(model, found)))


def _texts(
    model: Model, found: Sequence[CardAt], shelf: Shelf | None
) -> Iterator[Declared | Claim]:
    """Yield what the texts at hand declare, and what is wrong with them."""
    for at in texts_at(model, found):
        if isinstance(at, Gap):
            yield at
            continue
        for declared in declared_by(at, shelf):
            yield declared
            if declared.text is not None:
                yield from findings.of_text(declared, declared.text, at.text)


def _claims(declared: Sequence[Declared], ancestors: Sequence[Base]) -> Iterator[Claim]:
    for one in _once(declared):
        yield declared_fact(one)
    for base in ancestors:
        yield from _base_facts(base)
    ours = counted(declared)
    yield from term_facts(ours, ancestors)
    for one in _once(ours):
        if one.text is None:
            yield from findings.of_name(one)
    yield from findings.disagreement(ours)
    own = answers(ours)
    if ours:
        yield from findings.looser(ours, own, ancestors)
        yield from answer_facts(answers(ours, ancestors))
    else:
        what = "only the licence of code is declared" if declared else "no licence is declared"
        yield Gap(name="licence.none", reason=f"{what}; that is no permission")


def _once(declared: Sequence[Declared]) -> Iterator[Declared]:
    """Yield each declaration once, although every shard of a model may repeat it."""
    seen: set[tuple[str, str]] = set()
    for one in declared:
        key = (one.by, one.raw) if one.text is None else (one.where, one.raw)
        if key not in seen:
            seen.add(key)
            yield one


def _base_facts(base: Base) -> Iterator[Fact]:
    if base.licence is not None:
        presumed = {"base": base.id, "basis": "what models of this id usually come with"}
        value = {**presumed, "id": base.licence.id}
        yield Fact(name="licence.presumed", value=value, where=base.where)
