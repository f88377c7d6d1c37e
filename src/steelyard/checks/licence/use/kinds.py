# SPDX-License-Identifier: Apache-2.0
"""The kinds of findings of the probe `use`, besides the duties."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

ADAPTER = Descriptor(
    id="use.adapter-unsettled",
    severity=Severity.NOTE,
    title="Whether an adapter alone is a derivative is unsettled",
    page="""
The files are an adapter: differences to a base that does not come along. Whether such differences are a
derivative of the base under its licence is not settled, and texts differ in their definitions. The duties
are told as if it were one.
""",
    remedy="Read how the licence of the base defines a derivative, or keep the duties",
)
BASE_PRESUMED = Descriptor(
    id="use.base-licence-presumed",
    severity=Severity.NOTE,
    title="The licence of a base is presumed from its id",
    page="""
Nothing at hand says which terms the base is under. The id of the base is one whose models usually come
with a known text, and that text was taken. It was not read in the repository of that base.
""",
    remedy="Look into the repository of the base, and compare the text there",
)
BASE_UNRESOLVED = Descriptor(
    id="use.base-unresolved",
    severity=Severity.MEDIUM,
    title="The model was made from another one that cannot be told",
    page="""
The files say that the model was made from another one, and name a folder on its maker's machine in place
of an id, or an id of which nothing is known. Its terms bind all the same. Every answer is at best
*unknown* until somebody finds out.
""",
    remedy="Ask the publisher which model it was made from, and under which terms",
)
DATASET_RISK = Descriptor(
    id="use.dataset-risk",
    severity=Severity.LOW,
    title="A data set comes with terms of its own",
    page="""
The model is said to be trained on a data set whose licence sets limits, or of which nothing is known. The
licence of a data set does not by itself bind weights that were trained on it, unless its text says so;
whether it does is unsettled in most countries. It is a risk to weigh, and brings no duty here.
""",
    remedy="Weigh the risk, or ask who published the model on which grounds the data was used",
)
HIDDEN_TERMS = Descriptor(
    id="use.hidden-terms",
    severity=Severity.MEDIUM,
    title="Terms may stand behind a label that does not show them",
    page="""
The label may mean a text that takes in a use policy besides, which the label does not show: some publishers
put `cc-by-nc-4.0` on models and the policy into the card or before the download. The stricter reading
counts.
""",
    remedy="Read the card and the prompt before access in the publisher's repository",
)
LABEL = Descriptor(
    id="use.label-not-same-terms",
    severity=Severity.MEDIUM,
    title="The label is not the licence that a base wants kept",
    page="""
The model was made from one whose licence wants changed copies to be under the same text, and another licence
is declared for it. Whoever changes a work cannot put it under terms that the licence of that work does not
allow: the licence of the base goes on binding, whatever the label says.
""",
    remedy="Ask the publisher on which grounds the label was chosen; keep to the licence of the base",
)
MISSING = Descriptor(
    id="use.missing-licence",
    severity=Severity.MEDIUM,
    title="No licence is declared for the model itself",
    page="""
Neither card nor files nor metadata declare terms of the model itself. Works are reserved to their author by
default: no licence is no permission, whatever the licence of the base says. Every answer is at best
*unknown*.
""",
    remedy="Ask the publisher for a licence",
)
NAME_PREFIX = Descriptor(
    id="use.name-prefix-missing",
    severity=Severity.MEDIUM,
    title="The name does not begin as a licence of the chain wants",
    page="""
The use profile names what is going to be published, and a licence of the chain wants such names to begin
with given words. Letter case, spaces and dashes are left out of the comparison.
""",
    remedy="Choose a name that begins with the words, or do not hand it on",
)
NO_NAME = Descriptor(
    id="use.no-lawful-name",
    severity=Severity.HIGH,
    title="No name meets all licences of the chain",
    page="""
Two licences of the chain each want the name to begin with words of their own, and no name begins with
both. Merges of models from two families run into this. What follows is not for the texts to say: the
answer is at best *unknown*.
""",
    remedy="Leave one of the models out, or ask one of the licensors for leave",
)
SAME_TERMS = Descriptor(
    id="use.same-terms-clash",
    severity=Severity.HIGH,
    title="One licence wants the same terms only, another sets limits",
    page="""
One licence of the chain lets the work be handed on under its own text only, without limits on top. Another
one brings limits that have to be passed on. Both cannot be kept in one work: the answer is at best
*unknown*.
""",
    remedy="Leave one of the models out, or ask one of the licensors for leave",
)
TEACHER_UNKNOWN = Descriptor(
    id="use.teacher-unknown",
    severity=Severity.LOW,
    title="It is said to be trained on outputs of a model of which nothing is known",
    page="""
A sentence of the card, or what is known of a data set, says that the model learnt from the outputs of another
one: often a closed service, whose terms stand in no repository. Such terms may bar training other models on
outputs. They are an agreement with whoever used the service; whether anything of them binds those who get the
model is unsettled. It is a risk to weigh, and changes no answer here. A condition to watch names it as well.
""",
    remedy="Find out which service the outputs came from, and read its terms of that time on outputs",
)
TEXT_CONFLICT = Descriptor(
    id="use.text-conflict",
    severity=Severity.LOW,
    title="A licence text pulls two ways",
    page="""
Two sections of one text, or two language versions of it, say different things about the same question. Both
are cited, and neither is chosen: what is asked of that question is *unknown*.
""",
    remedy="Read both sections, and ask the licensor which one holds",
)
KINDS = (
    ADAPTER,
    BASE_PRESUMED,
    BASE_UNRESOLVED,
    DATASET_RISK,
    HIDDEN_TERMS,
    LABEL,
    MISSING,
    NAME_PREFIX,
    NO_NAME,
    SAME_TERMS,
    TEACHER_UNKNOWN,
    TEXT_CONFLICT,
)
