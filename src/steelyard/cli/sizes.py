# SPDX-License-Identifier: Apache-2.0
"""Sizes on the command line, as people write them."""

import re

import click

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


class Size(click.ParamType[int]):
    """A number of bytes: `8GiB`, `8GB` (decimal), `500M` or `1000000`."""

    name = "size"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the bytes; refuse what is no size, and nothing."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value.strip())
        if not found or not float(found[1]):
            self.fail(f"{value!r} is no size; write it as 8GiB or 500MB", param, ctx)
        base = 1024 if found[3] else 1000
        return int(float(found[1]) * base ** " KMGT".index(found[2].upper() or " "))
