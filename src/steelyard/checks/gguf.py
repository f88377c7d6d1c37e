# SPDX-License-Identifier: Apache-2.0
"""Probe `gguf`: is the structure of GGUF files sound?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.gguf import GGUF, Gguf
from steelyard.formats.misnamed import is_meant

_DO_NOT_LOAD = "Do not load the file; get it again from its source, or convert the model anew"
_CONVERT = "Convert the model anew with a current converter"
_LOOK = "Look at what is there with a hex editor, and ask its publisher what it is for"


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"gguf.{code}", severity=severity, title=title, page=page, remedy=remedy)


MALFORMED = _kind(
    "malformed",
    Severity.HIGH,
    "A GGUF file cannot be read",
    """
The header of a GGUF file contradicts itself or the file: a count, a length or a type that cannot be, a
file that ends too early, or a file that is called .gguf and is something else. Readers written in C have
had memory errors in just these places.

The byte offset says where reading stopped; nothing behind it was looked at.
""",
    _DO_NOT_LOAD,
)
_FLAWS = (
    _kind(
        "alignment",
        Severity.HIGH,
        "The alignment of the tensors cannot be",
        """
`general.alignment` must be an unsigned 32-bit number, a power of two; more than 1 MiB has no use. With 0
a loader divides by zero; with huge or odd values the arithmetic of its padding wraps around and tensors
are read from the wrong place (llama.cpp issues 24759 and 24997).
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "bool",
        Severity.LOW,
        "A truth value is neither 0 nor 1",
        """
The specification allows 0 and 1 for truth values. Loaders differ in what they make of others, so the same
file may be configured differently by different programs.
""",
        _CONVERT,
    ),
    _kind(
        "byte-token",
        Severity.HIGH,
        "A byte token of the vocabulary is no hexadecimal number",
        """
Tokens such as `<0x0A>` stand for single bytes. Loaders parse the two characters as a hexadecimal number
and use it as an index; `<0x-1>` gave a negative one and a write outside an array (llama.cpp issues 25969
and 27226). No converter makes such a token.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "duplicate-key",
        Severity.HIGH,
        "A metadata key occurs more than once",
        """
Some loaders take the first value of a key, others the last, llama.cpp refuses the file. What a scanner
or a person sees, such as a harmless chat template, need not be what the loader uses.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "duplicate-tensor",
        Severity.HIGH,
        "Two tensors have the same name",
        """
Loaders find tensors by name: one of the two is never used, and which one differs between loaders. The
weights that were evaluated need not be those that run.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "empty-tensor",
        Severity.LOW,
        "A tensor has no elements",
        """
A dimension of a tensor is zero. Older loaders divided by it; current ones accept it. No layer of a
language model needs an empty tensor.
""",
        _CONVERT,
    ),
    _kind(
        "hidden-bytes",
        Severity.MEDIUM,
        "Bytes that no tensor claims",
        """
Between the tensors or behind the last one lie bytes that nothing refers to and that are not all zero.
Loaders ignore them. They may be a leftover, a watermark, or a second file in hiding; steelyard reads them
as a layer of their own, whose findings are told apart by `!gap@` and the offset.
""",
        _LOOK,
    ),
    _kind(
        "key",
        Severity.MEDIUM,
        "A metadata key is empty or has a NUL character in it",
        """
Programs in C take a key to end at its first NUL character, others do not, so they see different keys.
llama.cpp refuses an empty key.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "long-name",
        Severity.LOW,
        "A tensor name is too long",
        """
The specification allows 64 bytes for the name of a tensor. llama.cpp refuses files with longer names;
other loaders of GGUF, for images and speech, have raised the bound for themselves.
""",
        _CONVERT,
    ),
    _kind(
        "misaligned",
        Severity.HIGH,
        "A tensor is not aligned",
        """
The offset of every tensor must be a multiple of the alignment. Loaders that map the file read from the
offset as it is; on some processors that is slow, on others it crashes, and llama.cpp refuses the file.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "name",
        Severity.MEDIUM,
        "A tensor name is empty, not ASCII, or has a NUL character in it",
        """
Programs in C take a name to end at its first NUL character, so two different names can become the same
one. Look-alike letters of other scripts hide a tensor from a reader. Converters write plain ASCII.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "not-utf-8",
        Severity.MEDIUM,
        "A metadata text is not UTF-8",
        """
Keys and texts of the metadata must be UTF-8. Readers in Python fail on others; readers in C pass them on
to whatever shows or parses them.
""",
        _CONVERT,
    ),
    _kind(
        "order",
        Severity.LOW,
        "Tensors do not follow each other as listed",
        """
The tensors lie in another order than the table lists them, or with space in between. Every tensor is in
bounds and none overlaps another unless there is a finding that says so; but current llama.cpp demands the
order of the table and refuses the file.
""",
        _CONVERT,
    ),
    _kind(
        "out-of-bounds",
        Severity.HIGH,
        "A tensor lies beyond the end of the file",
        """
The table promises more bytes than the file has: a download that broke off, or a table made to have a
loader read memory that is not the file's. The message says how many bytes the tensor needs.
""",
        "Download the file again and compare its size and SHA-256 with the publisher's",
    ),
    _kind(
        "overlap",
        Severity.HIGH,
        "Two tensors share bytes",
        """
No converter lets tensors overlap. A loader that writes into one tensor, to repack it for the processor,
changes the other; the same bytes read as two types are noise in at least one of them.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "removed-type",
        Severity.LOW,
        "A tensor has a type that loaders no longer know",
        """
ggml dropped some types: Q4_2 and Q4_3 in 2023, the repacked Q4_0_4_4 and its kin at the end of 2024.
Current loaders refuse such files; repacking happens at load time now.
""",
        "Get the model as Q4_0 or in another current type",
    ),
    _kind(
        "row",
        Severity.HIGH,
        "Rows of a tensor do not divide into blocks",
        """
Quantised types store rows in blocks of 32, 64, 128 or 256 elements. A row length that is no multiple of
it makes sizes round the wrong way, and the last block of each row lies outside the tensor.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "shape-overflow",
        Severity.HIGH,
        "The number of elements of a tensor overflows",
        """
The product of the dimensions does not fit into 63 bits. In a loader that does not check it, it wraps
around to a small number: too little memory is allocated, and what is written goes beyond it.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "unknown-type",
        Severity.MEDIUM,
        "A tensor has a type that is not known",
        """
The type is none of ggml's. Forks of llama.cpp have types of their own, under numbers that upstream may
give to others. Without the type the size of the tensor cannot be checked: its bytes are taken to end
where the next tensor begins, and the file counts as not wholly read.
""",
        "Use the program the file was made for, or get the model in a type of llama.cpp's own",
    ),
    _kind(
        "vocabulary-length",
        Severity.HIGH,
        "The arrays of the vocabulary differ in length",
        """
Tokens, scores and token types are walked side by side. Where scores or types are fewer than tokens, a
loader that does not check reads beyond their end.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "vocabulary-not-utf-8",
        Severity.LOW,
        "A string of the vocabulary is not UTF-8",
        """
Tokens are texts; single bytes are written as `<0x0A>` or in an alphabet of printable characters. Readers
in Python fail on a token that is no UTF-8.
""",
        _CONVERT,
    ),
)
_BY_CODE = {descriptor.id.partition(".")[2]: descriptor for descriptor in _FLAWS}


@probe("gguf", version="1", descriptors=(MALFORMED, *_FLAWS), formats=("gguf", "misnamed"))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check the structure of GGUF files: every count, length, type, offset and gap.

    ## What it looks at
    The header of every GGUF file (versions 1 to 3, both byte orders), wherever it is nested: all
    metadata keys with their types, lengths and encodings, the vocabulary's strings, and the table of
    tensors with their shapes, types, alignment, order and bounds. Bytes that no tensor claims are
    read as well. Files that are called .gguf and are no GGUF count as malformed.

    ## Why it matters
    GGUF files are parsed by C and C++ programs that run with the rights of their user. Counts that
    overflow and offsets outside the file have been memory errors in them more than once, and the
    format carries a template that is run (see the probe `template`).

    ## How to read it
    Findings of severity high mean that loaders may misread the file or worse; none of them occurs in
    files that converters write. The fact `gguf.header` tells version, byte order, architecture and
    how many keys and tensors there are.

    ## What it cannot see
    Whether the weights are the ones they are said to be, what they make a model say, and whether a
    given loader accepts the architecture.

    ## Sources
    ggml, docs/gguf.md. The checks of llama.cpp b10605 (ggml/src/gguf.cpp), its issues 19856, 24759,
    24997, 25969 and 27226, and advisories GHSA-vgg9-87g3-85w8 and GHSA-96jg-mvhq-q7q7.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, Gguf):
            yield Fact(name="gguf.header", value=_header(part.content), where=part.where)
            for flaw in part.content.flaws:
                yield _BY_CODE[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
        elif part.unread and is_meant(part, GGUF):
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _header(content: Gguf) -> dict[str, object]:
    architecture = content.metadata.get("general.architecture")
    return {
        "version": content.version,
        "byte_order": content.endian,
        "architecture": architecture if isinstance(architecture, str) else None,
        "alignment": content.alignment,
        "keys": len(content.metadata),
        "tensors": len(content.tensors),
    }
