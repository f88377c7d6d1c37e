# SPDX-License-Identifier: Apache-2.0
"""The page for people, in a browser: it opens, folds, prints, follows dark mode, fits a phone."""

import pytest

from steelyard.report.html import render
from tests.report.chrome import Chrome
from tests.samples import dossiers

pytestmark = pytest.mark.browser

CONTRAST = """
(() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (!(ratio >= 4.5)) low.push([node.data.trim().slice(0, 40), ratio, style.color]);
  }
  return low;
})()
"""
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"
HIDDEN = """
[...document.querySelectorAll('details > :not(summary)')]
  .filter(e => !e.checkVisibility() || !e.getBoundingClientRect().height).length
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for make in dossiers.ALL:
        file = folder / f"{make.__name__}.html"
        file.write_text(render(make()), "utf-8")
        made[make.__name__] = file.as_uri()
    return made


@pytest.fixture(autouse=True)
def _plain_window(chrome) -> None:
    chrome.send("Emulation.setEmulatedMedia", media="", features=[])
    resize(chrome, 1280, 720)


def resize(chrome: Chrome, width: int, height: int) -> None:
    chrome.send(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )


def prefer(chrome: Chrome, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.send("Emulation.setEmulatedMedia", media="", features=features)


@pytest.mark.parametrize("name", [make.__name__ for make in dossiers.ALL])
def test_a_page_makes_no_request_and_no_complaint(chrome, pages, name) -> None:
    chrome.open(pages[name])
    asked = [event["request"]["url"] for event in chrome.seen("Network.requestWillBeSent")]
    assert asked == [pages[name]]
    assert (
        chrome.seen("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded") == []
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (360, 640)])
def test_the_verdict_is_above_the_fold(chrome, pages, width, height) -> None:
    resize(chrome, width, height)
    chrome.open(pages["poisoned"])
    bottom = chrome.run("document.querySelector('.tally').getBoundingClientRect().bottom")
    assert 0 < bottom < height
    assert chrome.run("document.querySelector('.outcome').textContent") == "fail"


def test_details_open_and_close_without_script(chrome, pages) -> None:
    chrome.open(pages["poisoned"])
    first = "document.querySelector('.probe')"
    chrome.run(f"{first}.querySelector('summary').scrollIntoView({{block: 'center'}})")
    for expected in (True, False):
        box = chrome.run(f"{first}.querySelector('summary').getBoundingClientRect().toJSON()")
        for kind in ("mousePressed", "mouseReleased"):
            chrome.send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=box["x"] + 8,
                y=box["y"] + 8,
                button="left",
                clickCount=1,
            )
        assert chrome.run(f"{first}.open") is expected
        shown = chrome.run(f"{first}.querySelector('dl').checkVisibility()")
        assert shown is expected


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["poisoned", "sound", "unknown", "warned", "merged", "circling"])
def test_every_text_can_be_read_in_light_and_dark(chrome, pages, scheme, name) -> None:
    prefer(chrome, scheme)
    chrome.open(pages[name])
    chrome.run(OPEN_ALL)
    assert chrome.run(CONTRAST) == []


def test_dark_mode_is_dark(chrome, pages) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    prefer(chrome, "dark")
    chrome.open(pages["sound"])
    assert chrome.run(background) == "rgb(22, 24, 21)"
    prefer(chrome, "light")
    assert chrome.run(background) == "rgb(251, 250, 246)"


def test_a_printed_page_shows_what_is_folded(chrome, pages) -> None:
    chrome.open(pages["poisoned"])
    assert chrome.run(HIDDEN) > 5
    chrome.send("Emulation.setEmulatedMedia", media="print", features=[])
    assert chrome.run(HIDDEN) == 0
    assert chrome.run(CONTRAST) == []


@pytest.mark.parametrize("name", [make.__name__ for make in dossiers.ALL])
@pytest.mark.parametrize("width", [360, 768, 1920])
def test_nothing_is_wider_than_the_window(chrome, pages, name, width) -> None:
    resize(chrome, width, 800)
    chrome.open(pages[name])
    chrome.run(OPEN_ALL)
    assert chrome.run("document.documentElement.scrollWidth") <= width


def test_the_labels_of_a_chart_do_not_touch_on_a_phone(chrome, pages) -> None:
    resize(chrome, 360, 800)
    chrome.open(pages["sound"])
    gaps = chrome.run("""
      [...document.querySelectorAll('.bars .label')].map(label =>
        label.nextElementSibling.getBoundingClientRect().left - label.getBoundingClientRect().right)
    """)
    assert len(gaps) == 7
    assert min(gaps) > 4


@pytest.mark.parametrize("name", ["merged", "circling"])
def test_no_text_of_the_lineage_lies_on_another(chrome, pages, name) -> None:
    chrome.open(pages[name])
    overlaps = chrome.run("""
      (() => {
        const texts = [...document.querySelectorAll('.lineage text')].filter(t => t.textContent.trim());
        const at = texts.map(t => t.getBoundingClientRect());
        const found = [];
        for (let i = 0; i < at.length; i++) for (let j = i + 1; j < at.length; j++) {
          const [a, b] = [at[i], at[j]];
          const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (x > 2 && y > 4) found.push([texts[i].textContent, texts[j].textContent, x, y]);
        }
        return found;
      })()
    """)
    assert overlaps == []


def test_the_lineage_can_be_scrolled_by_keyboard_and_is_described(chrome, pages) -> None:
    chrome.open(pages["merged"])
    assert chrome.run("document.querySelector('.lineage').tabIndex") == 0
    described = chrome.run("document.querySelector('.lineage svg desc').textContent")
    assert described.startswith("204 ancestors: 203 models, 1 data set; of 204 the licence")
