# SPDX-License-Identifier: Apache-2.0
"""Elements of SPDX 3.0.1, with names of their own within one document."""

from typing import Any

import msgspec

CREATION = "_:creation"
"""The node that says who made the elements, and when."""

Element = dict[str, Any]


class Names(msgspec.Struct, frozen=True):
    """The names of the elements of one document.

    Attributes:
        serial: UUID of the document.
    """

    serial: str

    def of(self, local: str) -> str:
        """Return the IRI of an element by its name within the document, ASCII letters and digits."""
        return f"urn:uuid:{self.serial}#{local}"

    def element(self, kind: str, local: str, **values: object) -> Element:
        """Return an element; values that are empty are left out.

        Args:
            kind: Its class.
            local: Its name within the document.
            **values: Its properties.
        """
        said = {name: value for name, value in values.items() if value not in (None, "", [])}
        return {"type": kind, "spdxId": self.of(local), "creationInfo": CREATION, **said}

    def relationship(
        self, local: str, kind: str, start: str, to: list[str], **values: object
    ) -> Element:
        """Return a relationship between elements, which are given by their names in the document."""
        ends = [self.of(one) for one in to]
        return self.element(
            "Relationship",
            local,
            **{"from": self.of(start)},
            relationshipType=kind,
            to=ends,
            **values,
        )
