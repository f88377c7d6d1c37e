# SPDX-License-Identifier: Apache-2.0
"""Everything that follows from a use profile for one model."""

import functools
from collections.abc import Mapping, Sequence

import msgspec

from steelyard.checks.licence.declared import CardAt, Declared
from steelyard.checks.licence.graph import Ancestor, Graph
from steelyard.checks.licence.meaning import licences
from steelyard.checks.licence.use.actions import ACTIONS, Action, changes_handed_on, meant, said
from steelyard.checks.licence.use.chain import Parent, over_chain, parents, unknown_teachers
from steelyard.checks.licence.use.found import Found, Owed, Situation, distinct, worse
from steelyard.checks.licence.use.meanings import preferring
from steelyard.checks.licence.use.situations import situation
from steelyard.core.subject import Model
from steelyard.core.use import Use
from steelyard.knowledge.terms import Licence, May


class Rulings(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a use profile.

    Attributes:
        situation: Who asked, and what is known of the model besides its licences.
        declared: What is declared of the model itself.
        chain: What it was made from.
        teachers: Models whose outputs it is said to be trained on, and of which nothing is known.
        answers: What follows for each action.
        duties: The duties of what the profile means to do, with the actions that bring them.
        in_eu: The answer for somebody in the European Union who serves people there: to run it, and to
            do whatever else the profile says is done.
        commercially: The answer to `run` for commercial use.
    """

    situation: Situation
    declared: tuple[Declared, ...]
    chain: tuple[Parent, ...]
    teachers: tuple[Ancestor, ...]
    answers: Mapping[Action, Found]
    duties: Mapping[Owed, tuple[Action, ...]]
    in_eu: May
    commercially: May

    @property
    def licences(self) -> tuple[Licence, ...]:
        """Return every licence of the chain once, those of the model itself first."""
        own = [terms for one in self.declared for terms in licences(one.meant)]
        theirs = [terms for parent in self.chain for terms in parent.licences]
        return tuple({terms.id: terms for terms in (*own, *theirs)}.values())


def rulings(
    model: Model,
    cards: tuple[CardAt, ...],
    declared: Sequence[Declared],
    made_from: Graph,
    use: Use,
) -> Rulings:
    """Return what follows for every action."""
    chain = parents(made_from)
    presumed = frozenset(terms.id for parent in chain for terms in parent.licences)
    own = [preferring(one.meant, presumed) for one in declared]
    asks = situation(model, cards, chain, use)
    answers = {action: over_chain(action, own, chain, asks) for action in ACTIONS}
    told = dict(answers)
    if not changes_handed_on(use):
        kept = msgspec.structs.replace(use, distribute=False)
        still = msgspec.structs.replace(asks, use=kept)
        told["fine_tune"] = over_chain("fine_tune", own, chain, still)

    def otherwise(action: Action, other: Use) -> May:
        return over_chain(action, own, chain, msgspec.structs.replace(asks, use=other)).may

    in_eu = msgspec.structs.replace(use, domicile="EU", serves=("EU",))
    paid = msgspec.structs.replace(use, commercial=True)
    there = [otherwise(one, in_eu) for one in ACTIONS if said(one, use)]
    return Rulings(
        situation=asks,
        declared=tuple(declared),
        chain=chain,
        teachers=unknown_teachers(made_from),
        answers=answers,
        duties=_duties(told, use),
        in_eu=functools.reduce(worse, there),
        commercially=otherwise("run", paid),
    )


def _duties(told: Mapping[Action, Found], use: Use) -> dict[Owed, tuple[Action, ...]]:
    """Return the duties of the actions that are meant; what is barred has none to keep."""
    kept = {
        action: answer.duties
        for action, answer in told.items()
        if meant(action, use) and answer.may != "no"
    }
    every = distinct(duty for duties in kept.values() for duty in duties)
    return {
        duty: tuple(action for action, duties in kept.items() if _asks(duties, duty))
        for duty in every
    }


def _asks(duties: Sequence[Owed], duty: Owed) -> bool:
    """Tell whether a duty is among others, whichever model of the chain brings it."""
    return any(
        (one.licence, one.duty, one.text) == (duty.licence, duty.duty, duty.text) for one in duties
    )
