# SPDX-License-Identifier: Apache-2.0
"""Probes: who looks. A probe observes and yields claims; it never judges."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from steelyard.core.claim import Claim, Finding, Severity
from steelyard.core.limits import Limits
from steelyard.core.texts import LicenceTexts
from steelyard.core.use import Use


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe may know besides its subject.

    Attributes:
        limits: Bounds on what is read.
        licence_texts: Licences in full words that somebody brought; None where nobody did.
        use: What somebody means to do with the subject; None where nobody said so.
    """

    limits: Limits = msgspec.field(default_factory=Limits)
    licence_texts: LicenceTexts | None = None
    use: Use | None = None


Look = Callable[[Any, Context], Iterator[Claim]]
Need = Literal["licence_texts", "use"]
"""What a probe may rest on besides its subject; its digest becomes part of the evidence."""


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of finding means; SARIF calls it a reporting descriptor.

    Attributes:
        id: Dotted, lower case, stable; begins with the id of its probe.
        severity: Default severity of its findings.
        title: A few words.
        page: Manual page for `steelyard explain`, Markdown.
        remedy: What to do about such a finding.
    """

    id: str
    severity: Severity
    title: str
    page: str
    remedy: str

    def at(
        self,
        where: str,
        message: str,
        *,
        severity: Severity | None = None,
        trail: tuple[str, ...] = (),
    ) -> Finding:
        """Return a finding of this kind."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            where=where,
            message=message,
            remedy=self.remedy,
            trail=trail,
        )


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known of a probe before its module is imported.

    Attributes:
        id: One word, lower case, stable.
        version: Version of its meaning, see `Source.version`.
        on: Kind of subject it looks at.
        formats: Formats of the parts that it looks at; a model without any of them need not be shown
            to it. None where it looks at every model.
        only_with: What it cannot do without, one of its needs; empty where it can.
        otherwise: What it claims where nothing of these formats is there, or that need is not.
        needs: What it rests on besides.
    """

    id: str
    version: str
    on: str
    formats: tuple[str, ...] = ()
    only_with: Need | Literal[""] = ""
    otherwise: tuple[Claim, ...] = ()
    needs: tuple[Need, ...] = ()


class Probe(Card, frozen=True, kw_only=True):
    """A look at one kind of subject.

    Attributes:
        descriptors: The kinds of findings it can yield.
        look: Yields the claims, in an order that depends on the subject and its needs alone.
    """

    descriptors: tuple[Descriptor, ...]
    look: Look

    @property
    def page(self) -> str:
        """Return the manual page: the docstring of `look`."""
        return inspect.cleandoc(self.look.__doc__ or "")


def probe(
    id: str,
    *,
    version: str,
    on: str = "model",
    descriptors: tuple[Descriptor, ...] = (),
    formats: tuple[str, ...] = (),
    only_with: Need | Literal[""] = "",
    otherwise: tuple[Claim, ...] = (),
    needs: tuple[Need, ...] = (),
) -> Callable[[Look], Probe]:
    """Make a probe of a function whose docstring is its manual page; see `Probe`."""

    def make(look: Look) -> Probe:
        return Probe(
            id=id,
            version=version,
            on=on,
            descriptors=descriptors,
            look=look,
            formats=formats,
            only_with=only_with,
            otherwise=otherwise,
            needs=needs,
        )

    return make


def place(where: str, *, byte: int = -1, line: int = 0, pointer: str = "") -> str:
    """Return a `where` with a position behind it.

    Example:
        >>> place("model.bin!data.pkl", byte=412)
        'model.bin!data.pkl byte:412'
    """
    if byte >= 0:
        return f"{where} byte:{byte}"
    if line > 0:
        return f"{where} line:{line}"
    return f"{where} {pointer}" if pointer else where
