# SPDX-License-Identifier: Apache-2.0
"""Probe `xml`: does a model written as XML reach outside of its document?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.xml import XML, Element, Xml

_SHOWN = 20  # findings of one kind in one document that are told one by one
_DO_NOT_LOAD = "Do not load the file; get it again from its source, or export the model anew"


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"xml.{code}", severity=severity, title=title, page=page, remedy=remedy)


MALFORMED = _kind(
    "malformed",
    Severity.MEDIUM,
    "A model in XML cannot be read",
    """
The document is not well-formed, or nested absurdly deep. Parsers that forgive such documents may see
something else in them; what lies behind the place was not looked at.
""",
    "Download the file again and compare its size and SHA-256 with the publisher's",
)
DOCTYPE = _kind(
    "doctype",
    Severity.HIGH,
    "A document type is declared",
    """
A document type declaration can have the parser fetch a file or an address, and define entities. Neither
OpenVINO nor PMML has any use for one, and no exporter writes it.
""",
    _DO_NOT_LOAD,
)
ENTITY = _kind(
    "entity",
    Severity.HIGH,
    "An entity is declared",
    """
An entity stands for a text, or for the content of a file or address (XXE, CWE-611): a parser that expands it
reads files of the machine into the model, or fills its memory (billion laughs, CWE-776). Nothing behind the
declaration was read.
""",
    _DO_NOT_LOAD,
)
STYLESHEET = _kind(
    "stylesheet",
    Severity.MEDIUM,
    "A style sheet is asked for",
    """
An instruction names a style sheet. Programs that show XML fetch it, and XSLT can run code in some of them.
""",
    "Remove the instruction",
)
LIBRARY = _kind(
    "layer-library",
    Severity.HIGH,
    "A layer comes from a library or a kernel file",
    """
A layer names a shared library or a file with kernels in which it is implemented. Whoever loads the model with
it loads native code that is not the model's runtime's own, with all rights of the process.
""",
    "Ask the publisher for a model of standard layers, or check that library before loading it",
)
EXTENSION_LAYER = _kind(
    "extension-layer",
    Severity.MEDIUM,
    "A layer that the runtime does not have",
    """
The layer is of the operator set `extension`: it runs only where somebody adds a library that implements it.
""",
    "Find out which library implements the layer, and check it before loading the model",
)
FUNCTION = _kind(
    "external-function",
    Severity.MEDIUM,
    "A function outside of PMML is called",
    """
An expression calls a function by a dotted name. Some engines take it for the name of a Java class, which they
load and run.
""",
    "Find out which class is meant, and check it before scoring with the model",
)
SCRIPT = _kind(
    "script",
    Severity.MEDIUM,
    "A script in a model",
    """
The document has an element that holds a script. PMML and OpenVINO know none; an engine with an extension for
it runs what stands there.
""",
    "Look at the script, and have the model exported without it",
)
INCLUDE = _kind(
    "include",
    Severity.HIGH,
    "Another document is included, or a table read from elsewhere",
    """
The document asks for another file, address or database (`xi:include`, `TableLocator`). Whoever processes it
opens that, with the rights of the process.
""",
    _DO_NOT_LOAD,
)
_FLAWS = {each.id.partition(".")[2]: each for each in (DOCTYPE, ENTITY, STYLESHEET)}
_OWN = (MALFORMED, LIBRARY, EXTENSION_LAYER, FUNCTION, SCRIPT, INCLUDE)
_LIBRARIES = ("library", "libraries", "filename")


@probe("xml", version="1", descriptors=(*_OWN, *_FLAWS.values()), formats=("xml",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check whether OpenVINO networks and PMML reach outside of their document.

    ## What it looks at
    Every XML document whose outermost element is OpenVINO's `net`, `CustomLayer`, or `PMML`: its
    declarations, its instructions, and elements that name libraries, files, functions, scripts.

    ## Why it matters
    XML parsers read files and addresses that a document declares, unless told otherwise. OpenVINO
    loads layers from shared libraries, PMML engines call Java classes.

    ## How to read it
    The fact `xml.model` tells the outermost element and counts elements. What exporters write gives no
    finding. Texts that merely mention code are not judged.

    ## What it cannot see
    Documents whose outermost element begins behind the first MiB. What a named library does.

    ## Sources
    XML 1.0; CWE-611, CWE-776; OpenVINO, extensibility; PMML 4.4; JPMML, user-defined functions.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, Xml):
            content = part.content
            summary = {"root": content.root[:80], "elements": content.count}
            yield Fact(name="xml.model", value=summary, where=part.where)
            for flaw in content.flaws:
                yield _FLAWS[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
            yield from _elements(part.where, content)
        elif part.format == XML.id and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _elements(where: str, content: Xml) -> Iterator[Claim]:
    told: dict[str, int] = {}
    for element in content.elements:
        kind, message = _judged(element)
        if kind is not None:
            told[kind.id] = told.get(kind.id, 0) + 1
            if told[kind.id] <= _SHOWN:
                yield kind.at(place(where, line=element.line), message)


def _judged(element: Element) -> tuple[Descriptor | None, str]:
    values = dict(element.attributes)
    paths = [values[key] for key in _LIBRARIES if values.get(key)]
    if paths:
        return LIBRARY, f"<{element.tag}> is implemented in {paths[0]!r}"
    if element.tag == "layer":
        return EXTENSION_LAYER, f"a layer of type {values.get('type', '')!r}"
    if element.tag == "Apply":
        return FUNCTION, f"the function {values.get('function', '')!r} is called"
    if element.tag in ("script", "Script"):
        return SCRIPT, f"an element <{element.tag}>"
    if element.tag in ("include", "TableLocator"):
        target = values.get("href") or "another source"
        return INCLUDE, f"<{element.tag}> asks for {target!r}"
    return None, ""
