# SPDX-License-Identifier: Apache-2.0
"""Self-contained pages: a template and its styles in one file, without script or request."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


def rendered(template: str, styles: Sequence[str], page: object) -> str:
    """Return a page; every text that is put into it is escaped.

    Args:
        template: Name of the template, which knows the page as `page`.
        styles: Names of the style sheets, in their order.
        page: What it shows.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = "".join((TEMPLATES / name).read_text("utf-8") for name in styles)
    text = environment.get_template(template).render(
        page=page, style=style, style_hash=_source_hash(style)
    )
    return text.strip() + "\n"


def _source_hash(text: str) -> str:
    """Return the hash under which a content security policy allows a style (CSP 3, section 2.3)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
