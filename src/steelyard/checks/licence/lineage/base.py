# SPDX-License-Identifier: Apache-2.0
"""A base: a model that this one was made from or contains, with the licence presumed of it."""

import msgspec

from steelyard.checks.licence.lineage.said import By
from steelyard.checks.licence.meaning import Basis, of_licence
from steelyard.knowledge.terms import Licence, Question

_DOUBTED = frozenset({"config", "pipeline", "prose"})


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """A model that this one is said to be made from.

    Attributes:
        id: Its id, or the path that stands in place of one.
        by: Who says so.
        where: Place in the subject.
        relation: `adapter` | `merge` | `quantized` | `finetune`; empty when nothing says.
        resolved: Whether it is an id and no path on the maker's machine.
        licence: The licence presumed from the id, or None.
    """

    id: str
    by: By
    where: str
    relation: str = ""
    resolved: bool
    licence: Licence | None

    @property
    def binding(self) -> bool:
        """Tell whether it counts although nothing is known of it.

        `_name_or_path` is often stale, prose is a hint, and a part of a pipeline lies in the subject.
        """
        return self.by not in _DOUBTED

    def basis(self, question: Question) -> Basis:
        """Return what is presumed of it."""
        if self.licence is None:
            what = "the licence of the base" if self.resolved else "which model stands behind"
            return Basis(may="unknown", why=f"nothing is known of {what} {self.id!r}")
        found = of_licence(self.licence, question)
        why = f"presumed from the base id {self.id!r}" + (f"; {found.why}" if found.why else "")
        return msgspec.structs.replace(found, why=why)
