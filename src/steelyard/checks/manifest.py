# SPDX-License-Identifier: Apache-2.0
"""Probe `manifest`: which files there are."""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Gap, Severity, exactly
from steelyard.core.probe import Context, Descriptor, probe
from steelyard.core.subject import Model

LINK_OUTSIDE = Descriptor(
    id="manifest.link-outside",
    severity=Severity.HIGH,
    title="A link leads outside the model",
    page="""
A symbolic link of the model points to something outside its folder (or, in a hub cache, outside the
repository's folder). A loader that follows it reads a file of this machine as if it were part of the
model, and a tool that re-uploads the model publishes that file.

steelyard does not follow such links; what they point to was not examined.
""",
    remedy="Replace the link by the file it was meant to be, or remove it",
)
SPECIAL_FILE = Descriptor(
    id="manifest.special-file",
    severity=Severity.MEDIUM,
    title="A FIFO, socket or device among the files",
    page="""
Something among the files is no regular file. No model needs one; a loader that opens a FIFO waits for
ever. steelyard never opens them.
""",
    remedy="Remove it",
)
_UNREAD = ("link-broken", "link-loop", "unreadable", "changed", "too-many", "header-only")


@probe("manifest", version="1", descriptors=(LINK_OUTSIDE, SPECIAL_FILE))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """List the files, each identified by content and named by its SHA-256.

    ## What it looks at
    Every entry below the subject's folder, or the one file that is the subject. Symbolic links are
    followed inside the subject, and in a hub cache inside the repository's folder and the blobs
    that all repositories of the cache share, never beyond.

    ## Why it matters
    A verdict is about bytes. The manifest says which ones: its digest is the subject's name
    everywhere else, and a single changed byte gives another subject.

    ## How to read it
    `manifest.files` and `manifest.bytes` count what was read; `manifest.formats` counts files by
    what their content is, whatever their names say. A gap `manifest.*` is an entry that could not be
    read, with the reason. A gap `manifest.header-only` is a file of which `check --headers` fetched no
    more than its structure asks for: its digest is what the hub says it is, and nobody compared.

    ## What it cannot see
    Extended attributes, alternate streams, and anything that is not in the folder: files that a
    loader would fetch from elsewhere.

    ## Sources
    FIPS 180-4 (SHA-256); the hub's cache layout as documented by huggingface_hub.
    """
    del context
    artifacts = model.artifacts()
    yield exactly("manifest.files", len(artifacts), "1")
    yield exactly("manifest.bytes", sum(artifact.size for artifact in artifacts), "B")
    counts: dict[str, int] = {}
    for artifact in artifacts:
        counts[artifact.format] = counts.get(artifact.format, 0) + 1
    yield Fact(name="manifest.formats", value=counts)
    for entry in model.skipped():
        if entry.kind == "link-outside":
            yield LINK_OUTSIDE.at(entry.path, entry.reason)
        elif entry.kind == "special":
            yield SPECIAL_FILE.at(entry.path, entry.reason)
        elif entry.kind in _UNREAD:
            yield Gap(name=f"manifest.{entry.kind}", reason=entry.reason, where=entry.path)
        else:
            yield Fact(name=f"manifest.{entry.kind}", value=entry.reason, where=entry.path)
