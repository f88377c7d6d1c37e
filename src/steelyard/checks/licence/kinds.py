# SPDX-License-Identifier: Apache-2.0
"""The kinds of findings of the probe `licence`."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

UNKNOWN = Descriptor(
    id="licence.unknown",
    severity=Severity.MEDIUM,
    title="A licence is named that nothing is known of",
    page="""
A card, or the metadata of the weights, names a licence that steelyard has no facts of, or a tag such as
`other` that names none. Such a name may stand for anything from public domain to no commercial use.
steelyard does not guess: every question about these terms is answered *unknown*.

`steelyard list licences` shows the texts there are facts of. A name is compared as a whole; a likeness
never counts.
""",
    remedy="Read the terms the publisher means, or ask for the text; add its facts to steelyard if it is in wide use",
)
UNKNOWN_TEXT = Descriptor(
    id="licence.unknown-text",
    severity=Severity.MEDIUM,
    title="A licence file holds a text that is not known",
    page="""
A file that by its name holds a licence is none of the texts steelyard has fingerprints of, nor close to
one. What holds is what that file says, whatever tag the card shows.

The lines under the finding are places where the text seems to set a limit: non-commercial, research
only, numbers of users, revenue, territory, outputs, naming. They say where to look, not what holds, and
a text without such lines is not thereby free of limits.
""",
    remedy="Read the file; the lines named are where to begin",
)
VARIANT = Descriptor(
    id="licence.variant",
    severity=Severity.MEDIUM,
    title="A licence file differs from the text it is like",
    page="""
A file is a known licence text with words added, missing or changed. A few words are enough to turn terms
around: sibling licences, one for research and one for any use, differ in fewer words than two copies of
the same licence with different headings. So the facts of the known text are not taken over: where
words that carry terms are touched, every answer is *unknown*, elsewhere at best *if*.

Each line under the finding is a place that differs: the line in the file, the words that stand there, and
how many words of the known text are missing. Copies may differ in headings, holders, addresses, list
markers, quotes, markup and white space without being variants.
""",
    remedy="Read the places named, and compare with the original text of the licence",
)
AMBIGUOUS = Descriptor(
    id="licence.ambiguous",
    severity=Severity.LOW,
    title="One licence name stands for several texts",
    page="""
Some tags cover texts that differ in terms: `gemma` has had several dated versions, `modified-mit` is used
by two publishers for different texts, `cc-by-nc-4.0` on some models comes with a use policy. All texts
that the name may mean are candidates, and the worst answer of them counts.

A licence file beside it settles the matter, if it is one of these texts word for word.
""",
    remedy="Find out which text is meant: look for a licence file, a date, or the publisher's page",
)
DISAGREEMENT = Descriptor(
    id="licence.disagreement",
    severity=Severity.MEDIUM,
    title="Two places declare different licences",
    page="""
The card, the licence files, the metadata of the weights or a notice speak of different licences for
the same model. A tag is what whoever uploaded the model chose from a list; a licence file is often copied
from elsewhere; metadata is written by the tool that converted the weights. Neither is proof.

steelyard takes none of them for right: every declared licence counts, and the worst answer of all.
Licence files of code, by name or folder, are left out of the comparison.
""",
    remedy="Ask the publisher which terms hold; until then keep to the strictest",
)
LOOSER = Descriptor(
    id="licence.looser-than-base",
    severity=Severity.MEDIUM,
    title="The declared licence permits more than that of the base",
    page="""
The model is said to be made from another one, and the licence declared for it grants something that the
licence of that base limits or bars. Who changes a model cannot hand on more rights than he was given: the
terms of the base go on binding, whatever the label says.

The licence of the base is *presumed* from its id: it is what models of that name usually come with. Check
it in the base's own repository.
""",
    remedy="Read the licence of the base; its terms bind as well",
)
CARD = Descriptor(
    id="licence.card",
    severity=Severity.MEDIUM,
    title="The front matter of the model card is broken",
    page="""
The YAML at the head of the model card cannot be read to its end, or names the licence twice. Readers
differ in what they make of that: one sees a licence where another sees none. What stood before the
break was used here, and of a key that stands twice both values.
""",
    remedy="Repair the YAML between the two lines of dashes at the head of the card",
)
KINDS = (AMBIGUOUS, CARD, DISAGREEMENT, LOOSER, UNKNOWN, UNKNOWN_TEXT, VARIANT)
