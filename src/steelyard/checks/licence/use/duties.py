# SPDX-License-Identifier: Apache-2.0
"""The duties that licences bring: a page for each, and words that are ready to use."""

from collections.abc import Mapping

from steelyard.checks.licence.use.found import Owed
from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor
from steelyard.knowledge.licence import licence
from steelyard.knowledge.terms import Duty

_PREFIX = "licence.duty."


def _duty(duty: Duty, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(
        id=f"{_PREFIX}{duty}", severity=Severity.NOTE, title=title, page=page, remedy=remedy
    )


INCLUDE_LICENCE = _duty(
    "include_licence",
    "Pass on a copy of the licence",
    """
Whoever gets the model, or a model made from it, must get the text of the licence too. Some texts ask the
same of a product or a service that holds the model.

Put the text as it stands into the folder of the weights, under a name that tells whose it is when there are
several. An address alone is not a copy, unless the text says that it will do.
""",
    "Put the text of the licence beside the weights, word for word",
)
NOTICE_FILE = _duty(
    "notice_file",
    "Put a notice into a file that goes along",
    """
The text gives a sentence, and wants it in a file, mostly called NOTICE, within every copy. Where the text
speaks of copies of its materials, this is read to cover changed copies as well: materials include any
portion of them. That is a reading, and no quotation.

`steelyard report SUBJECT --as notice` writes a file with all such sentences of the chain.
""",
    "Write the sentence into a file called NOTICE beside the weights",
)
RETAIN_NOTICES = _duty(
    "retain_notices",
    "Keep the notices that are there",
    """
Notices of copyright, patents, trade marks and attribution that stand in the files must stay. A NOTICE
file that came with the model goes along, and may get additions, but loses nothing.
""",
    "Keep every notice that came with the files, and the NOTICE file if there is one",
)
STATE_CHANGES = _duty(
    "state_changes",
    "Say that files were changed",
    """
Whoever hands on a changed model must say so, in or beside the changed files. Fine-tuning, merging and
quantising are changes. The texts ask that it be prominent; some ask for a date or for what was changed.
""",
    "Say in the model card and beside the weights what was changed, from which model, and when",
)
DISPLAY = _duty(
    "display",
    "Show given words",
    """
The text wants words to be seen: on a website, in the interface, on an about page or in the documentation of
a product, or a credit to the author. Which place counts differs; read the section.

Words in square brackets are to be filled in.
""",
    "Show the words where users of the product or readers of the card see them",
)
NAME_PREFIX = _duty(
    "name_prefix",
    "Begin the name with given words",
    """
A model that was made from this one, or trained on its outputs, must have a name that begins with given
words once it is handed on or offered. Give `name` in the use profile to have a name checked.

A merge of models whose texts want different beginnings has no name that all of them allow; see
`use.no-lawful-name`.
""",
    "Choose a name that begins with the words",
)
PASSDOWN = _duty(
    "passdown",
    "Put the use limits into your own terms",
    """
Whoever hands the model on, or offers it as a service, must bind those who get it to the same use limits,
by a contract or licence of his own, and tell them so. Under these texts a hosted service counts as
handing on.
""",
    "Take the use limits into the terms that your users accept, and tell them",
)
AUP = _duty(
    "aup",
    "Keep to the use limits",
    """
The text takes in a policy or a list of what the model must not be used for. It binds from the first use,
whoever uses the model. Where the policy stands on a web page, it can change under the same address: keep a
copy of the one that was read.
""",
    "Read the policy, keep a copy of it with its date, and see that the use stays within it",
)
USE_LATEST = _duty(
    "use_latest",
    "Use the newest version, within reason",
    """
The text asks for a reasonable effort to move to the newest version of the model, or reserves updates to
the licensor.
""",
    "Look for a newer version now and then, and move to it or write down why not",
)
REGISTER = _duty(
    "register",
    "Register, or get written leave first",
    """
Commercial use is within the grant only after a form was filled in, or after the licensor agreed in
writing. Until then the condition is not met.
""",
    "Register with the licensor, and keep the confirmation",
)
SHARE_ALIKE = _duty(
    "share_alike",
    "Hand on under the same terms only",
    """
What is handed on must be under this text, whole, without limits on top. Whether weights that were
trained on such works are themselves such works is unsettled; this is told of models made from models.

Where another model of the chain sets limits of its own, both cannot be kept; the answer is then at
best *unknown*.
""",
    "License what is handed on under the same text, and add no limits",
)
SOURCE = _duty(
    "source",
    "Offer the source",
    """
Whoever hands on the work, and under some texts whoever offers it over a network, must offer its source.
What counts as the source of weights is unsettled: training code and data may belong to it.
""",
    "Offer what the weights were made from as far as it is at hand, and say what is missing",
)
MACHINE_GENERATED_LABEL = _duty(
    "machine_generated_label",
    "Label what a machine made",
    """
What the model puts out must be recognisable as made by a machine where people might take it for the
work of a person.
""",
    "Show beside every output that a machine made it",
)
SEEK_HEALTH_AUTHORISATION = _duty(
    "seek_health_authorisation",
    "Seek the authorisation of health authorities",
    """
A product for health that holds the model needs whatever clearance the authorities ask for, and whoever
makes it has to get that himself; the licensor does not become the maker of a device.
""",
    "Ask the authorities of each country which clearance the product needs",
)
DUTIES = (
    AUP,
    DISPLAY,
    INCLUDE_LICENCE,
    MACHINE_GENERATED_LABEL,
    NAME_PREFIX,
    NOTICE_FILE,
    PASSDOWN,
    REGISTER,
    RETAIN_NOTICES,
    SEEK_HEALTH_AUTHORISATION,
    SHARE_ALIKE,
    SOURCE,
    STATE_CHANGES,
    USE_LATEST,
)
_READY: Mapping[Duty, str] = {
    "include_licence": "include the whole text of {name}",
    "notice_file": "name the work, its author and {name}",
    "display": "name the work, its author and {name}",
    "name_prefix": "begin the name as the text says",
    "retain_notices": "keep all notices of copyright, patents, trade marks and attribution",
    "state_changes": "This model was changed from {base} by [who], [date]: [what was changed].",
    "passdown": "Use of this model is subject to the use limits of {name}, section {section}.",
    "aup": "keep to the use limits of {name}{policy}",
    "use_latest": "make a reasonable effort to use the newest version",
    "register": "register with the licensor of {name}, or get written leave, before commercial use",
    "share_alike": "This work is licensed under {name}.",
    "source": "The source of this work is offered at [address].",
    "machine_generated_label": "This content was generated by a machine.",
    "seek_health_authorisation": "seek the clearance that health authorities ask for",
}
"""Words for a duty of which the text gives none."""

_BY_DUTY: Mapping[str, Descriptor] = {one.id.removeprefix(_PREFIX): one for one in DUTIES}


def descriptor(duty: Duty) -> Descriptor:
    """Return the kind of finding that tells of a duty."""
    return _BY_DUTY[duty]


def ready(owed: Owed) -> str:
    """Return words for a duty that can be used as they stand, once the brackets are filled in."""
    terms = licence(owed.licence)
    url = terms.aup.url if terms and terms.aup else ""
    return owed.text or _READY[owed.duty].format(
        name=terms.name if terms else owed.licence,
        base=owed.path[-1] if owed.path else "the original model",
        section=owed.section,
        policy=f": {url}" if "://" in url else "",
    )
