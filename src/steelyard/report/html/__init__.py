# SPDX-License-Identifier: Apache-2.0
"""Report `html`: one self-contained page for people."""

import base64
import hashlib
from pathlib import Path

from steelyard.core.dossier import Dossier
from steelyard.report import Report
from steelyard.report.html.page import page

TEMPLATES = Path(__file__).parent.parent / "templates"


def render(dossier: Dossier) -> str:
    """Return the page: no script, no request, every text of the subject escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "page.css").read_text("utf-8")
    template = environment.get_template("page.html.jinja")
    text = template.render(page=page(dossier), style=style, style_hash=_source_hash(style))
    return text.strip() + "\n"


def _source_hash(text: str) -> str:
    """Return the hash under which a content security policy allows a style (CSP 3, section 2.3)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


HTML = Report(
    id="html",
    title="Page for people",
    suffix=".html",
    render=render,
    page="""
One HTML file to read, to print and to hand on: the verdict first, then why, the findings with place
and remedy, what was not assessed, licence, footprint with charts, the files, and the evidence.

It needs no network and holds no script; a content security policy inside forbids both. It follows
the dark mode of the reader, fits a phone, and prints with everything unfolded. Very long lists are
cut with a count; the dossier document (`--as json`) holds everything.
""",
)
