# SPDX-License-Identifier: Apache-2.0
"""What can be done with a model, and what each asks of a licence: permissions, and triggers of duties."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from steelyard.core.use import Use
from steelyard.knowledge.terms import Question, Trigger

Action = Literal["run", "fine_tune", "redistribute", "host", "train_on_outputs", "publish"]
ACTIONS: tuple[Action, ...] = (
    "run",
    "fine_tune",
    "redistribute",
    "host",
    "train_on_outputs",
    "publish",
)
PAGES: Mapping[Action, tuple[str, str]] = {
    "run": (
        "May it be run",
        """
Load the model and use it, for oneself or within an organisation. It asks every text of the chain for leave to
use; commercial use besides, where the profile says so or does not say. Duties that come with any use, such as
use limits, come up.
""",
    ),
    "fine_tune": (
        "May it be changed",
        """
Fine-tune, merge, quantise or prune it. It asks every text of the chain for leave to make derivatives; to hand
on as well, unless the profile says `distribute = false`. Duties of changing it come up, and those of
handing on a changed copy: name, notices, a statement of changes.
""",
    ),
    "redistribute": (
        "May it be handed on",
        """
Hand on the files as they are. It asks the text of the model itself for leave to redistribute; the texts of
what it was made from for leave to redistribute and to make derivatives, for what is handed on is a changed
copy of those, even where it was quantised only.
""",
    ),
    "host": (
        "May it be offered as a service",
        """
Offer it to others by an interface, without handing on weights. It asks every text of the chain for leave to
do so. Some texts count that as handing on, with all duties; some want words shown; a changed model may need a
name that begins in a given way.
""",
    ),
    "train_on_outputs": (
        "May other models be trained on its outputs",
        """
Train another model on what this one puts out. It asks what each text of the chain says of outputs: some bar
it, some allow it and want a name or words, some count the trained model as a derivative with all duties. Where
a text says nothing, no bar is found. Duties of the trained model come up once it is handed on or offered.
""",
    ),
    "publish": (
        "May something be published about it",
        """
Write about it: papers, announcements, evaluations. It asks every text of the chain for leave to use. Some texts
want to be named in publications.
""",
    ),
}
"""For each action a title, and a page."""

Permission = Question | Literal["train_other_models"]
"""A grant of the text, or what it says of training other models on outputs."""


class Asked(msgspec.Struct, frozen=True):
    """What an action asks of one licence.

    Attributes:
        permissions: What the text must grant.
        triggers: What the action does, as far as duties hang on it.
    """

    permissions: tuple[Permission, ...]
    triggers: frozenset[Trigger]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a licence stands to the model at hand.

    Attributes:
        own: Whether it is that of the model itself, and not of one it was made from.
        changed: Whether the model was made from another one; a quantised copy was.
    """

    own: bool
    changed: bool


def asked(action: Action, use: Use, standing: Standing) -> Asked:
    """Return what an action asks of a licence.

    What the profile does not say counts as done: silence brings duties rather than to spare them.
    """
    permissions, triggers = _asked(action, use, standing)
    if use.product and action != "train_on_outputs":
        triggers |= {"product"}
    if use.commercial is not False:
        permissions = (*permissions, "commercial")
        triggers |= {"commercial"}
    return Asked(("use", *permissions), triggers | {"use"})


def _asked(
    action: Action, use: Use, standing: Standing
) -> tuple[tuple[Permission, ...], frozenset[Trigger]]:
    """Return what an action asks for besides running the model and payment."""
    match action:
        case "fine_tune":
            return _changing(handing_on=use.distribute is not False)
        case "redistribute" if standing.own:
            return ("redistribute",), frozenset({"redistribute"})
        case "redistribute":
            return _changing(handing_on=True)
        case "host":
            changed: frozenset[Trigger] = frozenset(
                {"derivative_hosted"} if standing.changed else ()
            )
            return ("hosted_service",), changed | {"hosted", "product"}
        case "train_on_outputs":
            handing_on = use.distribute is not False or use.host is not False
            return ("train_other_models",), frozenset({"train_on_outputs"} if handing_on else ())
        case "publish":
            return (), frozenset({"publication"})
        case "run":
            return (), frozenset()


def _changing(*, handing_on: bool) -> tuple[tuple[Permission, ...], frozenset[Trigger]]:
    if handing_on:
        return ("derivatives", "redistribute"), frozenset({"modify", "derivative"})
    return ("derivatives",), frozenset({"modify"})


def meant(action: Action, use: Use) -> bool:
    """Tell whether a profile leaves room for an action; what it does not mention it does."""
    return _flag(action, use) is not False


def said(action: Action, use: Use) -> bool:
    """Tell whether a profile says that an action is done; whatever else is done, the model is run."""
    return _flag(action, use) is True


def _flag(action: Action, use: Use) -> bool | None:
    return {
        "run": True,
        "fine_tune": use.fine_tune,
        "redistribute": use.distribute,
        "host": use.host,
        "train_on_outputs": use.train_others,
        "publish": use.publish,
    }[action]


def changes_handed_on(use: Use) -> bool:
    """Tell whether a profile speaks of handing on a changed model, and not only the one at hand."""
    return use.distribute is not False and (bool(use.fine_tune) or use.name is not None)
