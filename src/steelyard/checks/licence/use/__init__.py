# SPDX-License-Identifier: Apache-2.0
"""Probe `use`: what the texts of the chain say of a use, and which duties it brings."""

from collections.abc import Iterator

from steelyard.checks.licence.declared import CardAt, Declared, cards
from steelyard.checks.licence.gather import counted, declared_at_all, settled
from steelyard.checks.licence.lineage import graph
from steelyard.checks.licence.meaning import licences
from steelyard.checks.licence.use.chain import parents
from steelyard.checks.licence.use.claims import claims
from steelyard.checks.licence.use.duties import DUTIES
from steelyard.checks.licence.use.kinds import KINDS
from steelyard.checks.licence.use.ruling import rulings
from steelyard.core.claim import Claim, Gap
from steelyard.core.probe import Context, probe
from steelyard.core.subject import Model
from steelyard.detectors.licence_shelf import Shelf
from steelyard.knowledge.terms import Licence

NO_PROFILE = Gap(
    name="use.profile",
    reason="nobody said what the model is to be used for; steelyard use SUBJECT asks",
)


def licences_at_hand(model: Model) -> tuple[Licence, ...]:
    """Return every licence of the chain once: of the model itself, and of what it was made from."""
    found = cards(model)
    own = [terms for one in _declared(model, found) for terms in licences(one.meant)]
    theirs = [terms for parent in parents(graph(model, found)) for terms in parent.licences]
    return tuple({terms.id: terms for terms in (*own, *theirs)}.values())


def _declared(
    model: Model, found: tuple[CardAt, ...], shelf: Shelf | None = None
) -> list[Declared]:
    return counted(settled(list(declared_at_all(model, found, shelf))))


@probe(
    "use",
    version="1",
    descriptors=(*DUTIES, *KINDS),
    only_with="use",
    otherwise=(NO_PROFILE,),
    needs=("licence_texts", "use"),
)
def look_use(model: Model, context: Context) -> Iterator[Claim]:
    """Say what the texts of the chain say of a use, with which section, and which duties it brings.

    ## What it looks at
    The licences that are declared of the model, and those of every model it was made from or trained on
    the outputs of; and a use profile: the table `[use]` of `steelyard.toml`, or the file of `--use`. Its
    keys are `commercial`, `mau`, `mau_at_release`, `dau`, `revenue_month_usd`, `revenue_year_usd`,
    `revenue_12_months_usd`, `domicile`, `serves`, `entity`, `fine_tune`, `distribute`, `host`, `product`,
    `train_others`, `publish`, `name`, `field`, `competes` and `runs_model_as_a_service`. A key that is left
    out is *not known*: never zero, never no. `steelyard use SUBJECT` asks for those that matter.

    ## Why it matters
    Whether a model may be used hangs on who uses it, how many users he has, where, and for what, and on the
    terms of all models it was made from. Sibling licences say opposite things about outputs. Duties such as
    words to show, or how a name must begin, come with acts that users do not think of.

    ## How to read it
    `use.run`, `use.fine_tune`, `use.redistribute`, `use.host`, `use.train_on_outputs` and `use.publish` answer
    for each action, the worst over all texts and all that the action asks of them:

    - `no`: a text bars it, or grants it under a separate licence only
    - `unknown`: a text was not read, is doubtful, pulls two ways, or nothing is known of it
    - `if`: the texts grant it, provided that duties are met and conditions hold
    - `yes`: the texts grant it, and there is nothing to do

    `use.because.run` and its siblings say which section of which licence decides, the way to the model it comes
    from, how well the text was read and when, every duty and every condition. A finding `licence.duty.*` is a
    duty of what the profile means to do, with words that can be used. `use.condition` is something to keep
    true: a figure to watch, a purpose, a territory. `use.eu` is the answer for somebody in the European
    Union who serves people there, `use.commercial` that to `run` for commercial use. Without a profile there is nothing but the gap `use.profile`.

    ## What it cannot see
    Whether the profile is true. Terms that stand in no file, or behind an address. Law that stands above
    licences: copyright exceptions, competition, consumers, data protection. What a court would say: these
    are facts of texts in our own words, and not legal advice.

    ## Sources
    The licence texts, as each page of `steelyard explain LICENCE` names them with its sections.
    """
    if context.use is None:
        yield NO_PROFILE
        return
    found = cards(model)
    made_from = graph(model, found)
    shelf = Shelf(context.licence_texts) if context.licence_texts else None
    declared = _declared(model, found, shelf)
    yield from claims(rulings(model, found, declared, made_from, context.use))
