#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
r"""Build the fingerprints of licence texts from the texts that `licence_texts.toml` names.

The texts are not kept in this repository: bring them, from the sources that the list names.

    python -m pip download --no-deps scancode-toolkit-mini==32.5.0   # and unpack the wheel
    git clone https://github.com/meta-llama/llama-models             # and so on
    scripts/build_licence_fingerprints.py \
        --source scancode=unpacked/licensedcode/data/licenses \
        --source llama=llama-models --source overlay=oiledmachine-overlay ...

A folder of texts of one's own is a source as well: name it in the list.
"""

import argparse
import base64
import hashlib
import itertools
import lzma
import subprocess
import sys
import tomllib
from array import array
from collections.abc import Iterator
from pathlib import Path

import msgspec

from steelyard import knowledge
from steelyard.detectors.licence_prints import HOLE, Document, Record, Source
from steelyard.detectors.licence_words import headings, without_origin, word_hash, words_of

HERE = Path(__file__).parent
OUTPUT = HERE.parent / "src/steelyard/knowledge/licence_texts/prints.json"
SHORTEST_CORE = 40  # words; a shorter text would be found inside others by chance
HOLE_WORD = "\0"


class Entry(msgspec.Struct, rename={"origin": "from"}, forbid_unknown_fields=True):
    """One text of the list."""

    licence: str | list[str]
    origin: str
    commit: str = ""
    role: str = "licence"
    start: str = ""
    cuts: list[str] = []
    rest: str = "part"
    holes: list[tuple[str, str]] = []


class Listing(msgspec.Struct, forbid_unknown_fields=True):
    """The list."""

    sources: dict[str, Source]
    texts: list[Entry]


class Piece(msgspec.Struct):
    """Words of a text that get a fingerprint of their own."""

    role: str
    words: tuple[str, ...]
    title: tuple[str, ...] = ()


def main() -> int:
    """Build the file, and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--source", action="append", default=[], metavar="KEY=FOLDER")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    folders = {key: Path(folder) for key, _, folder in (s.partition("=") for s in options.source)}
    with (HERE / "licence_texts.toml").open("rb") as file:
        listing = msgspec.convert(tomllib.load(file), Listing)
    missing = sorted(set(listing.sources) - set(folders))
    if missing:
        parser.error(f"no folder for the sources {', '.join(missing)}: name each with --source")
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_bytes(build(listing, folders))
    print(f"{options.output}: {options.output.stat().st_size:,} bytes")
    return 0


def build(listing: Listing, folders: dict[str, Path]) -> bytes:
    """Return the fingerprint file."""
    seen: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
    records: list[tuple[Record, Piece]] = []
    for entry in listing.texts:
        licences = (entry.licence,) if isinstance(entry.licence, str) else tuple(entry.licence)
        key, _, path = entry.origin.partition(":")
        data = read(
            key, path, entry.commit or listing.sources[key].name.rpartition("@")[2], folders
        )
        for piece in pieces(data.decode("utf-8", "replace"), entry):
            piece.title += tuple(word for licence in licences for word in names(licence))
            known = seen.setdefault((piece.role, piece.words), licences)
            if known != licences and piece.role != "part":
                sys.exit(f"{entry.origin}: the same words as the text of {', '.join(known)}")
            if known is not licences:
                continue
            record = Record(
                licences=licences,
                role=piece.role,
                source=key,
                path=path + (f"@{entry.commit}" if entry.commit else ""),
                digest="sha256:" + hashlib.sha256(data).hexdigest(),
                words=len(piece.words),
            )
            records.append((record, piece))
    return encode(records, listing.sources)


def read(key: str, path: str, commit: str, folders: dict[str, Path]) -> bytes:
    """Return one text, of a repository at the commit that was read."""
    folder = folders[key]
    if key == "scancode":
        text = (folder / f"{path}.LICENSE").read_text("utf-8")
        return text.split("\n---\n", 1)[1].encode()
    if (folder / "HEAD").exists() or (folder / ".git").exists():
        command = ["git", "-C", str(folder), "show", f"{commit}:{path}"]
        return subprocess.run(command, check=True, capture_output=True).stdout
    return (folder / path).read_bytes()


def pieces(text: str, entry: Entry) -> Iterator[Piece]:
    """Yield the terms, then what stands around them and adds none."""
    text = without_origin(text)
    title, body = headings(text)
    body = text if entry.start else body
    words = words_of(body).words
    begin = position(words, entry.start, 0) if entry.start else 0
    if entry.start:
        yield Piece(role="part", words=words[:begin])
    cuts = [begin]
    for cut in entry.cuts:
        cuts.append(position(words, cut, cuts[-1] + 1))
    cuts.append(len(words))
    core = with_holes(words[begin : cuts[1]], entry.holes)
    if len(core) < SHORTEST_CORE and entry.role == "licence":
        sys.exit(f"{entry.origin}: only {len(core)} words")
    yield Piece(role=entry.role, words=core, title=title)
    for start, stop in itertools.pairwise(cuts[1:]):
        yield Piece(role=entry.rest, words=words[start:stop])


def names(licence: str) -> tuple[str, ...]:
    """Return the words of the names a licence goes by: headings that copies add are made of them."""
    facts = msgspec.json.decode(knowledge.entry("licences", licence) or b"{}")
    return words_of(" ".join((licence, facts.get("name", ""), *facts.get("aliases", [])))).words


def position(words: tuple[str, ...], phrase: str, start: int) -> int:
    """Return where a phrase stands."""
    wanted = words_of(phrase).words
    for at in range(start, len(words) - len(wanted) + 1):
        if words[at : at + len(wanted)] == wanted:
            return at
    sys.exit(f"{phrase!r} does not stand in the text")


def with_holes(words: tuple[str, ...], holes: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return the words with a hole between each pair of phrases."""
    for before, behind in holes:
        start = position(words, before, 0) + len(words_of(before).words)
        stop = position(words, behind, start)
        words = (*words[:start], HOLE_WORD, *words[stop:])
    return words


def encode(records: list[tuple[Record, Piece]], sources: dict[str, Source]) -> bytes:
    """Return the fingerprint file of some pieces."""
    words = {word for _, piece in records for word in (*piece.words, *piece.title)}
    vocabulary = sorted(word_hash(word) for word in words - {HOLE_WORD})
    index = {value: number for number, value in enumerate(vocabulary, start=HOLE + 1)}

    def indices(words: tuple[str, ...]) -> list[int]:
        return [HOLE if word == HOLE_WORD else index[word_hash(word)] for word in words]

    texts = array("H", [number for _, piece in records for number in indices(piece.words)])
    hashes = array("I", vocabulary)
    if sys.byteorder == "big":
        texts.byteswap()
        hashes.byteswap()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 1, "pb": 1}]
    packed = lzma.compress(texts.tobytes(), format=lzma.FORMAT_XZ, filters=filters)
    document = Document(
        schema="steelyard.licence-prints/1",
        sources=sources,
        records=tuple(
            msgspec.structs.replace(record, title=tuple(sorted(set(indices(piece.title)))))
            for record, piece in records
        ),
        vocabulary=base64.b64encode(hashes.tobytes()).decode(),
        texts=base64.b64encode(packed).decode(),
    )
    print(f"{len(records)} texts, {len(texts):,} words, {len(vocabulary):,} different")
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


if __name__ == "__main__":
    sys.exit(main())
