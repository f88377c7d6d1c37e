# SPDX-License-Identifier: Apache-2.0
"""Probe `pickle`: what would loading the pickles do?"""

from collections.abc import Iterator

from steelyard.checks.pickle import descriptors as d
from steelyard.checks.pickle.allowlist import Standing, allowlist
from steelyard.checks.pickle.callee import Names
from steelyard.checks.pickle.judge import Concern, Judge
from steelyard.core.claim import Claim, Fact, Finding
from steelyard.core.probe import Context, place, probe
from steelyard.core.subject import Model, Part
from steelyard.formats.pickle_streams import Pickle, Stream
from steelyard.formats.pickle_terms import shown
from steelyard.formats.torch import TorchArchive

_IMPORTS = 500  # names that the fact lists


@probe("pickle", version="1", descriptors=d.DESCRIPTORS, formats=("pickle", "torch-legacy"))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Follow every pickle without running it, and hold what it does to an allowlist.

    ## What it looks at
    Every pickle in every layer: files of any name, members of archives, what torch, joblib and numpy put
    around them, and pickles inside the constants of pickles. A symbolic machine follows all 68 opcodes of
    protocols 0 to 5 with stack, marks and memo. It notes each import, each call with its arguments, each
    BUILD, and each change to something the pickle did not make. Nothing is imported or executed.

    ## Why it matters
    A pickle is a program for a small machine inside Python, and loading it runs that program. One opcode
    imports any function by name, another calls it. `torch.load`, `joblib.load`, `numpy.load` and
    `pandas.read_pickle` all end there.

    ## How to read it
    What is not known to be safe is refused, not what is known to be bad. Four things can come out:
    nothing, where all that the pickle does is on the allowlist; medium findings for classes of libraries that
    are not known here; high and critical ones for functions of the standard library, unlisted functions of
    known libraries, and every way of reaching something without naming it; and a gap in `coverage` where a
    pickle could not be followed to its end. The message shows the call as an expression, `byte:` says
    at which opcode, the trail how the callee and its arguments came about.
    The facts `pickle.streams`, `pickle.opcodes` and `pickle.imports` say what was followed.

    ## What it cannot see
    What an allowed class does with the values it is given once the model is used, faults in the native code
    of a library that loads well-formed data, and what classes of unknown libraries do.

    ## Sources
    CPython's pickle.py, pickletools.py and _pickle.c; PEP 307, 3154, 574; CVE-2025-1716, CVE-2025-1889,
    CVE-2025-10155, CVE-2025-10157, CVE-2026-24747; GHSA-g38g-8gr9-h9xp, GHSA-vvpj-8cmc-gx39,
    GHSA-r7v6-mfhq-g3m2; arXiv 2508.19774 (loading paths and gadgets), arXiv 2508.15987 (PickleBall).
    """
    del context
    scripts = {part.where for part, archive in model.contents(TorchArchive) if archive.script}
    for part, pickle in model.contents(Pickle):
        script = part.where.rpartition("!")[0] in scripts
        names = Names(allowlist(), script=script)
        yield from _facts(part, pickle)
        for stream in pickle.streams:
            yield from _stream(part, stream, names)
        if pickle.tail >= 0:
            message = f"{part.size - pickle.tail:,} bytes lie behind the last pickle"
            yield d.TRAILING_DATA.at(place(part.where, byte=pickle.tail), message)


def _facts(part: Part, pickle: Pickle) -> Iterator[Claim]:
    imports = sorted({shown(name.dotted) for stream in pickle.streams for name in stream.imports})
    yield Fact(name="pickle.streams", value=len(pickle.streams), where=part.where)
    opcodes = sum(stream.opcodes for stream in pickle.streams)
    yield Fact(name="pickle.opcodes", value=opcodes, where=part.where)
    yield Fact(name="pickle.imports", value=imports[:_IMPORTS], where=part.where)


def _stream(part: Part, stream: Stream, names: Names) -> Iterator[Claim]:
    for concern in Judge(names, stream.events).concerns():
        yield _finding(part, concern)
    for name in stream.imports:
        if name.dotted in names.known.beside:
            where = place(part.where, byte=name.at)
            yield d.FILES_BESIDE.at(where, f"loads arrays with {name.dotted}")
    hidden = _hidden(stream, names)
    if hidden is not None:
        message = f"as opcodes, the bytes of an array {hidden.message}"
        where = place(part.where, byte=hidden.event.at)
        yield d.HIDDEN_CODE.at(where, message, trail=hidden.event.trail)
    if stream.error and not stream.inert:
        where = place(part.where, byte=stream.end)
        yield d.MALFORMED.at(where, f"the pickle at byte {stream.at} breaks off: {stream.error}")


def _hidden(stream: Stream, names: Names) -> Concern | None:
    """Return the first call that the bytes of an array stand for and that a loader could make.

    Opcodes that come about by chance, or that find another's values in the memo, import names that do
    not exist; of the latter only what every Python has is taken seriously.
    """
    for events, everywhere in ((stream.hidden, False), (stream.reread, True)):
        for concern in Judge(names, events).concerns():
            callee = names.callee(concern.event.target)
            if concern.event.kind != "call" or callee.named is None:
                continue
            judgement = names.judge(callee.named)
            if judgement.standing is Standing.BLOCKED and (judgement.everywhere or not everywhere):
                return concern
    return None


def _finding(part: Part, concern: Concern) -> Finding:
    event = concern.event
    often = f" ({event.count:,} times)" if event.count > 1 else ""
    return concern.kind.at(
        place(part.where, byte=event.at),
        concern.message + often,
        severity=concern.severity,
        trail=event.trail,
    )
