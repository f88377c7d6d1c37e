# SPDX-License-Identifier: Apache-2.0
"""Report `html`: one self-contained page for people."""

from steelyard.core.dossier import Dossier
from steelyard.report import Report
from steelyard.report.html.page import page
from steelyard.report.web import rendered


def render(dossier: Dossier) -> str:
    """Return the page: no script, no request, every text of the subject escaped."""
    return rendered("page.html.jinja", ("page.css", "forest.css"), page(dossier))


HTML = Report(
    id="html",
    title="Page for people",
    suffix=".html",
    render=render,
    page="""
One HTML file to read, to print and to hand on: the verdict first, then why, the findings with place
and remedy, what was not assessed, licence, descent, weights, scores and footprint with charts, the files, and the evidence.

It needs no network and holds no script; a content security policy inside forbids both. It follows
the dark mode of the reader, fits a phone, and prints with everything unfolded. Very long lists are
cut with a count; the dossier document (`--as json`) holds everything.
""",
)
