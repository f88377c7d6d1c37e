# SPDX-License-Identifier: Apache-2.0
"""Probe `archive`: do all readers of an archive see the same files, and stay in their folder?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.patterns import late
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model, Part
from steelyard.formats.zip import Zip

if TYPE_CHECKING:
    from steelyard.formats.data import Data
    from steelyard.formats.sevenzip import SevenZip
    from steelyard.formats.tar import Tar

    Archive = Zip | Tar | SevenZip

_COMPRESSED = ("bzip2", "gzip", "lz4", "lzma", "xz", "zfile", "zlib", "zstd")

_DO_NOT_LOAD = "Do not load the file; get it again from its source, or have it saved anew"
_SAVE_ANEW = "Save the archive anew with a current version of the library it comes from"
_DO_NOT_UNPACK = (
    "Do not unpack it; if you must, do it in an empty folder, with a tool that refuses this"
)


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(
        id=f"archive.{code}", severity=severity, title=title, page=page, remedy=remedy
    )


_FLAWS = (
    _kind(
        "ambiguous-directory",
        Severity.HIGH,
        "Readers find different central directories",
        """
The end record of a zip archive gives the offset and the size of the central directory, and a zip64
record may give them once more. Here they lead to different places, and there is a directory at each.
Python's zipfile measures back by the size, miniz (which torch uses) takes the offset: a scanner that
reads one of them sees other files than the loader. steelyard followed all of them.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "ambiguous-end",
        Severity.HIGH,
        "Readers find different end records",
        """
A zip archive ends with a record that may carry a comment. Here the comment of one end record holds
another one, and both end with the file: some readers take the last, others the first whose length fits.
Each leads to a central directory of its own. steelyard followed all of them.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "bounds",
        Severity.HIGH,
        "A member reaches beyond the archive",
        """
The size of a member takes it beyond the end of the file: the archive was cut off, or its sizes are
forged. What is there was read.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "broken",
        Severity.HIGH,
        "A header in the middle of an archive is broken",
        """
The checksum of a header does not hold, or its size is no number. Some readers stop there in silence,
some search for the next header: what follows is seen by some of them only. It was examined as bytes of
their own.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "crc",
        Severity.HIGH,
        "A member does not have its checksum",
        """
The CRC-32 that the archive gives for a member is not that of its bytes. Python's zipfile refuses such a
member, torch's reader takes it: a broken checksum keeps a scanner that relies on zipfile from seeing
what the loader unpickles (CVE-2025-10156). It may also be plain damage. The member was examined.

Members of up to 1 MiB are checked, and all that have to be unpacked; for large stored tensors the sum
costs more than it tells.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "device",
        Severity.HIGH,
        "A member is a device or a FIFO",
        """
Unpacking creates a device node or a FIFO. No model has any; whoever opens one reads a device of this
machine, or waits for ever.
""",
        _DO_NOT_UNPACK,
    ),
    _kind(
        "directory",
        Severity.HIGH,
        "An entry of the central directory is broken",
        """
The central directory holds something that is no entry before its end. Readers stop, refuse the archive
or skip it; the members behind it are seen by some of them only.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "duplicate",
        Severity.HIGH,
        "Two members have one name and different bytes",
        """
Two entries of the central directory have the same name and different content. zipfile gives the last
one, other readers the first or either of them: what one tool examined is not what another loads. Both
were examined here.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "duplicate-same",
        Severity.LOW,
        "A member is there twice",
        """
Two entries of the central directory have the same name, size and checksum. Whichever a reader takes, it
gets the same; tools that append to archives leave this behind.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "entry-count",
        Severity.HIGH,
        "The number of members is wrong",
        """
The end record counts other entries than the central directory has. Readers that count see fewer members
than readers that go by the directory's size.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "flags",
        Severity.HIGH,
        "A member is marked as encrypted and is not",
        """
The flags of a member say that it is encrypted, patched or masked, yet its bytes, read as they are, have
the checksum they should have. zipfile refuses such a member, torch's reader ignores the flags: the
mark only keeps scanners out (CVE-2025-1945). The member was examined.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "gap",
        Severity.MEDIUM,
        "Bytes that belong to no member",
        """
Between, before or behind the members of an archive, or behind the end of a compressed stream, lie bytes
that nothing claims and that are no padding. Their reader passes over them; another loader, or a program
that knows where to look, does not. They were examined like a file of their own.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "hidden",
        Severity.MEDIUM,
        "An archive inside bytes of no known format",
        """
Bytes that are of no known format hold a zip archive further in. No loader finds it there by itself, but
code that comes with the model can. It was examined like any other archive.
""",
        "Find out what the file is and who wrote it; remove it if no loader needs it",
    ),
    _kind(
        "link",
        Severity.LOW,
        "A member is a link",
        """
Unpacking creates a link to another member. Loaders do not need links, and a tool that follows them may
read or write a file twice.
""",
        "Replace the link by the file it points to",
    ),
    _kind(
        "link-outside",
        Severity.HIGH,
        "A link leads outside the archive's folder",
        """
Unpacking creates a link to a file outside the folder. Whoever reads it gets a file of this machine as if
it were part of the model; whoever writes to it overwrites that file.
""",
        _DO_NOT_UNPACK,
    ),
    _kind(
        "local-crc",
        Severity.HIGH,
        "A member has two checksums",
        """
The local header of a member gives another CRC-32 than the central directory. Readers that check one of
them refuse what the others load.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "local-flags",
        Severity.HIGH,
        "The flags of a member contradict each other",
        """
The local header of a member says otherwise than the central directory whether it is encrypted, whether
its sizes follow the data, or how its name is encoded. Readers that go by one of them refuse or misread
what the others load.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "local-method",
        Severity.HIGH,
        "A member is packed in two ways",
        """
The local header of a member gives another compression method than the central directory: the same bytes
mean different things to different readers. Both readings were examined.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "local-name",
        Severity.HIGH,
        "A member has two names",
        """
The local header of a member gives another name than the central directory. zipfile refuses such a
member, torch's reader takes it by the name in the directory: scanners that rely on zipfile do not see
what the loader unpickles (CVE-2025-1944). The member was examined.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "local-only",
        Severity.MEDIUM,
        "A member is missing in the central directory",
        """
A local header with its data lies between the members, and the central directory does not know it.
Readers that go from header to header see it, all others do not. Tools that delete members carelessly
leave this behind. It was examined.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "local-size",
        Severity.HIGH,
        "A member has two sizes",
        """
The local header of a member gives other sizes than the central directory. Readers that go from header
to header see other bytes, and then other members. Both readings were examined.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "no-local-header",
        Severity.HIGH,
        "A member is not where the central directory says",
        """
The central directory lists a member, but at its offset there is no local header. Readers refuse it, or
take whatever lies there.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "odd-name",
        Severity.MEDIUM,
        "The name of a member means different things to readers",
        """
The name holds a backslash, a NUL or a component `..`: on Windows a backslash separates folders, some
readers cut a name off at a NUL, some resolve `..` and some drop it. Two tools unpack it to different
places.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "overlap",
        Severity.HIGH,
        "Members of an archive overlap",
        """
Two members, or a member and the central directory, share bytes. Archives are not written like that; it
is how a small file unpacks to petabytes, and how one member is hidden in another.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "prefix",
        Severity.MEDIUM,
        "Bytes before the archive",
        """
The archive does not begin at the first byte. Python's zipfile opens it all the same; a loader that looks
at the first bytes sees something else, such as a pickle. Both were examined. Programs that unpack
themselves look like this, models do not.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "repeated",
        Severity.LOW,
        "A tar archive holds a path twice",
        """
Two members have the same path. Unpacking leaves the last one, while a reader that searches may find the
first. Appending to a tar archive makes this; both were examined.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "size",
        Severity.HIGH,
        "A member of a tar archive has two sizes",
        """
The extended header gives another size than the header itself. Readers that overlook one of them take
the bytes of a member for headers, and see other members (CVE-2025-62518).
""",
        _DO_NOT_UNPACK,
    ),
    _kind(
        "split",
        Severity.MEDIUM,
        "An archive says that it is one part of several",
        """
The end record speaks of several disks. Nothing writes such archives today; what lies on the others was
not examined.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "stored-size",
        Severity.HIGH,
        "A stored member has two sizes",
        """
A member is stored as it is, and yet its packed and its unpacked size differ. Readers take one or the
other; the longer of the two was examined.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "through-link",
        Severity.CRITICAL,
        "A member is written through a link",
        """
The archive first creates a symbolic link and then a member below it. Unpacking writes that member to
wherever the link points: anywhere on this machine.
""",
        _DO_NOT_UNPACK,
    ),
    _kind(
        "traversal",
        Severity.CRITICAL,
        "A member leads outside the folder",
        """
The name of a member is absolute, begins with a drive, or climbs out of the folder with `..`. A tool that
does not check this writes anywhere it may: into start-up files, site-packages, SSH keys (CWE-22, known as
Zip Slip).
""",
        _DO_NOT_UNPACK,
    ),
)
_GAP = late(r"gap@[0-9]{1,15}")
_NOWHERE = 1 << 63  # an offset that no layer has
_BY_CODE = {descriptor.id.partition(".")[2]: descriptor for descriptor in _FLAWS}


@probe(
    "archive",
    version="1",
    descriptors=_FLAWS,
    formats=tuple(sorted((*_COMPRESSED, "data", "pt2", "sevenzip", "tar", "torch", "zip"))),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Tell where readers of an archive disagree about what is in it, and what lies between.

    ## What it looks at
    Every zip, tar and 7z archive and every compressed stream, at any depth, whatever its name. Of a zip
    archive: the end records, each central directory that a reader may take for the right one, every
    local header, names, sizes, flags, checksums; and the bytes that nothing claims. torch, numpy and
    Keras files are zip archives too.

    ## Why it matters
    A loader and a scanner that read the same archive differently see different files. Nearly every
    published way around a model scanner is one of these differences. Beyond that, a member may leave
    the folder it is unpacked to.

    ## How to read it
    `archive.members` counts members, by archive. Findings say what contradicts what, with the byte
    offset; whatever the readings are, each was examined, so what a hidden member holds shows up as
    findings of its own. A second member of a name is called `name@offset`, bytes that no member
    claims `gap@offset`.

    ## What it cannot see
    The content of encrypted members and of methods that are not known (deflate64, PPMd): they are gaps.
    Checksums of large stored members are not computed.

    ## Sources
    PKWARE APPNOTE 6.3.10; POSIX.1-2017 pax; CVE-2025-1889, -1944, -1945, -10156 (picklescan);
    CVE-2025-62518 (tar sizes); D. Fifield, A better zip bomb, WOOT 2019.
    """
    del context
    holders: dict[str, int] = {}  # layers with `gap@` members, and where their own bytes begin
    for part in model.parts():
        archive = _archive(part)
        if archive is not None:
            yield Fact(name="archive.members", value=len(archive.entries), where=part.where)
            for flaw in archive.flaws:
                if flaw.code in _BY_CODE:
                    yield _BY_CODE[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
        compressed = part.format in _COMPRESSED and part.content is not None
        if archive is not None or compressed:
            holders[part.where] = _beginning(archive)
        outer, _, name = part.where.rpartition("!")
        behind = holders.get(outer, _NOWHERE)  # what lies before is told as a prefix
        if _GAP.fullmatch(name) and part.format != "unread" and int(name[4:]) >= behind:
            message = f"{part.size:,} bytes that belong to no member: {part.format}"
            yield _BY_CODE["gap"].at(place(outer, byte=int(name[4:])), message)
        if part.format == "data" and part.content is not None:
            yield from _hidden(part, cast("Data", part.content))


def _archive(part: Part) -> "Archive | None":
    """Return the archive that a layer is, also where a format built on zip has read it."""
    if part.format in ("sevenzip", "tar"):
        return cast("Archive | None", part.content)
    for thing in (part.content, getattr(part.content, "zip", None)):
        if isinstance(thing, Zip):
            return thing
    return None


def _beginning(archive: "Archive | None") -> int:
    """Return where an archive's own bytes begin: behind the prefix, if it has one."""
    if not isinstance(archive, Zip) or all(flaw.code != "prefix" for flaw in archive.flaws):
        return 0
    return min((entry.header_offset for entry in archive.entries), default=0)


def _hidden(part: Part, data: "Data") -> Iterator[Claim]:
    for hit in data.hits:
        if hit.kind == "zip":
            yield _BY_CODE["hidden"].at(place(part.where, byte=hit.start), hit.what)
