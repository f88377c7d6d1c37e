# SPDX-License-Identifier: Apache-2.0
"""Kinds of findings of the probe `template`, worst first."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

_DO_NOT_RENDER = "Do not render it; take the template of the original model, or remove it"
_COMPARE = "Compare it with the template of the original model before you use it"

ESCAPE = Descriptor(
    id="template.escape",
    severity=Severity.CRITICAL,
    title="The template reaches for Python's internals",
    page="""
The template takes an attribute such as `__class__`, `__globals__` or `gi_frame`. From any object these
lead to every module that is loaded, and so to a shell. Renderers that do not sandbox (llama-cpp-python
before 0.2.72, CVE-2024-34359; SGLang, CVE-2026-5760) run what is found there when the first message is
formatted; a sandbox stops it, if it has no hole. No chat template of a real model needs such a name.

The name counts as what it comes to: escapes in literals, `~`, `join`, `replace`, slices, variables,
macros and namespaces are followed. The trail shows the expression and the name.
""",
    remedy=_DO_NOT_RENDER,
)
PRIVATE_NAME = Descriptor(
    id="template.private-name",
    severity=Severity.HIGH,
    title="The template takes a name that begins with an underscore",
    page="""
Names with a leading underscore belong to Python objects, not to messages or tools; Jinja's own sandbox
refuses them. A template that takes one either attacks a renderer without a sandbox or does not work.
""",
    remedy=_DO_NOT_RENDER,
)
COMPUTED_NAME = Descriptor(
    id="template.computed-name",
    severity=Severity.HIGH,
    title="A name is put together at run time",
    page="""
A subscript is a text that the template assembles while it is rendered, from pieces that its own text
does not fix: characters taken out of other values, special tokens of the tokenizer, output of macros.
In Jinja `x['name']` falls back to the attribute `x.name`, so an assembled text can spell `__class__`
without ever being written down. Templates of real models index by number, by a constant, or by a key
of the data they are given.
""",
    remedy=_DO_NOT_RENDER,
)
COMPUTED_CALL = Descriptor(
    id="template.computed-call",
    severity=Severity.HIGH,
    title="What is called is only known at run time",
    page="""
The template calls the result of an expression: neither a macro of its own nor a function or method by
name. Whatever the expression comes to is run. Templates of real models call by name.
""",
    remedy=_DO_NOT_RENDER,
)
ATTRIBUTE_FILTER = Descriptor(
    id="template.attribute-filter",
    severity=Severity.HIGH,
    title="A filter takes attributes by name",
    page="""
The filter `attr`, or a filter such as `map(attribute=...)` whose name is computed, takes any attribute
of any object: the usual way around checks that only look at what stands behind a dot. Templates of
real models use `map(attribute='content')` with a constant name, which is fine.
""",
    remedy=_DO_NOT_RENDER,
)
FORMAT_STRING = Descriptor(
    id="template.format-string",
    severity=Severity.HIGH,
    title="str.format reaches into its arguments",
    page="""
`'{0.a.b}'.format(x)` takes attributes of `x` by names inside a text, where a check of the expression
does not see them. The fields of a constant text are examined; plain ones such as `{}` are fine. A text
that is not constant, or comes from a message, could hold any field.
""",
    remedy=_DO_NOT_RENDER,
)
INTERNAL_OBJECT = Descriptor(
    id="template.internal-object",
    severity=Severity.HIGH,
    title="The template reaches into objects of the renderer",
    page="""
The template takes an attribute of `cycler`, `joiner`, `lipsum`, `self`, `namespace` or a function of
the renderer. These are Python objects whose attributes lead to their modules; templates of real models
call such functions and take nothing of them.
""",
    remedy=_DO_NOT_RENDER,
)
LOAD = Descriptor(
    id="template.load",
    severity=Severity.HIGH,
    title="The template loads another template",
    page="""
`include`, `import` and `extends` read a file that the template names. Renderers of chat templates have
no other templates, so at best this fails; with a file-system loader it reads files of the machine.
""",
    remedy=_DO_NOT_RENDER,
)
EXHAUSTION = Descriptor(
    id="template.exhaustion",
    severity=Severity.HIGH,
    title="Rendering would exhaust time or memory",
    page="""
Constants alone make the template loop for ever or produce gigabytes: enormous ranges, ranges in
ranges, a text multiplied or padded without bound, a text that doubles with each turn, a loop over a
list that it extends. One request is enough to stop a server.
""",
    remedy=_DO_NOT_RENDER,
)
UNKNOWN_CALL = Descriptor(
    id="template.unknown-call",
    severity=Severity.MEDIUM,
    title="A function or method that templates do not need",
    page="""
The template calls something that is neither one of its macros, nor a function that transformers,
llama.cpp or vLLM provide, nor a method of texts, lists and mappings that real templates use. In most
renderers it fails; in one that provides more to its templates it does whatever that is.
""",
    remedy=_COMPARE,
)
UNKNOWN_FILTER = Descriptor(
    id="template.unknown-filter",
    severity=Severity.MEDIUM,
    title="A filter or test that templates do not need",
    page="""
The filter or test is not one that templates of real models use. It may belong to an extension that a
renderer brings, or not exist at all.
""",
    remedy=_COMPARE,
)
HIDDEN_INSTRUCTION = Descriptor(
    id="template.hidden-instruction",
    severity=Severity.MEDIUM,
    title="Text that is added only when a message says a certain word",
    page="""
The template looks for a literal in the text of a message (or at the clock) and, if it is there, adds a
sentence, an address or markup of its own to the prompt. The model then follows an instruction that
neither the user nor the operator wrote, and only in the cases the author chose. Templates of real
models look for markers such as `</think>`, not for words, and add markers, not sentences.
""",
    remedy=_COMPARE,
)
INVISIBLE_TEXT = Descriptor(
    id="template.invisible-text",
    severity=Severity.MEDIUM,
    title="A literal has characters that nobody sees",
    page="""
Characters without width, tag characters, or characters that change the direction of writing hide text
from whoever reviews the template, while the model reads them.
""",
    remedy=_COMPARE,
)
MARKUP = Descriptor(
    id="template.markup",
    severity=Severity.MEDIUM,
    title="A literal has active markup",
    page="""
A literal of the template holds a script, a frame, or an element with a source or a link. If the model
repeats it, a web page that shows the answer may load or run it.
""",
    remedy=_COMPARE,
)
ADDRESS = Descriptor(
    id="template.address",
    severity=Severity.LOW,
    title="A literal has an address",
    page="""
The template puts an address into the prompt, whatever the messages say. Some models name their home
page there; make sure that it is theirs.
""",
    remedy="Look whether the address belongs to the author of the model",
)
RECURSION = Descriptor(
    id="template.recursion",
    severity=Severity.LOW,
    title="A macro calls itself with a counter",
    page="""
The macro recurses by a number rather than along the data it is given. Python ends it at about a
thousand levels; until then it may write a great deal.
""",
    remedy=_COMPARE,
)
MALFORMED = Descriptor(
    id="template.malformed",
    severity=Severity.MEDIUM,
    title="The template cannot be parsed",
    page="""
Jinja's own parser, with the extensions that renderers of chat templates use, cannot make sense of the
template, or it is too long or nested too deep to be examined. It is no accusation, but what it would do
is unknown: the gap `template.unreadable` says so. Renderers with a parser of their own may accept it.
""",
    remedy=_COMPARE,
)

DESCRIPTORS = (
    ESCAPE,
    PRIVATE_NAME,
    COMPUTED_NAME,
    COMPUTED_CALL,
    ATTRIBUTE_FILTER,
    FORMAT_STRING,
    INTERNAL_OBJECT,
    LOAD,
    EXHAUSTION,
    UNKNOWN_CALL,
    UNKNOWN_FILTER,
    HIDDEN_INSTRUCTION,
    INVISIBLE_TEXT,
    MARKUP,
    ADDRESS,
    RECURSION,
    MALFORMED,
)
