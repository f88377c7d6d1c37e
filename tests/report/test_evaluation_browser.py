# SPDX-License-Identifier: Apache-2.0
"""The pages of runs and comparisons, in a browser."""

import msgspec
import pytest

from steelyard.evals.comparison import compare
from steelyard.report.evaluation.html import comparison_page, run_page
from tests.report.test_html_browser import CONTRAST, OPEN_ALL
from tests.samples.runs import run

pytestmark = pytest.mark.browser
LONG = "a_task_with_a_very_long_name_that_goes_on_and_on"


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    scores = {LONG: [1, 0, 1, 1], "quiz": [0, 1, 1, 0]}
    old, new = run(scores), run({**scores, "quiz": [1, 1, 0, 1]}, name="new")
    lines = "\n".join(f"Line {number} of the examples." for number in range(100))
    asked = old[1][0].requests
    first = msgspec.structs.replace(
        old[1][0],
        requests=tuple(msgspec.structs.replace(one, context=f"{lines}\nLast?") for one in asked),
    )
    made = {
        "run": run_page(old[0], [first, *old[1][1:]]),
        "comparison": comparison_page(compare(old, new, margin=0.01), old[1], new[1]),
    }
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


@pytest.mark.parametrize("page", ["run", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_a_page_is_legible_at_any_width_and_asks_for_nothing(chrome, pages, page, scheme, width):
    chrome.send(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    wanted = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.send("Emulation.setEmulatedMedia", features=wanted)
    chrome.open(pages[page])
    chrome.run(OPEN_ALL)
    assert chrome.run("document.documentElement.scrollWidth") <= width
    assert chrome.run(CONTRAST) == []
    requests = chrome.seen("Network.requestWillBeSent")
    assert [one["request"]["url"] for one in requests] == [pages[page]]
    assert not chrome.seen("Log.entryAdded", "Runtime.exceptionThrown")


def test_a_long_prompt_shows_its_end_where_the_question_stands(chrome, pages):
    chrome.open(pages["run"])
    chrome.run(OPEN_ALL)
    shown = """
    [...document.querySelectorAll('.prompt')].filter(box => box.scrollHeight > box.clientHeight)
      .map(box => Math.round(box.scrollTop))
    """
    assert chrome.run(shown) == [0]  # of a box that is scrolled from its end
    assert chrome.run("getComputedStyle(document.querySelector('.prompt')).flexDirection") == (
        "column-reverse"
    )
    assert chrome.run("document.querySelectorAll('.prompt:not([tabindex])').length") == 0
