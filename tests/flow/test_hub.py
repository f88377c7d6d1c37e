# SPDX-License-Identifier: Apache-2.0
"""A subject by its name on the hub: from the cache without a word to anybody, else by download."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from steelyard.core.errors import UnreadableError, UsageError
from steelyard.core.ports import Silent
from steelyard.flow import hub_download
from steelyard.flow.hub import cached, missing_files
from steelyard.flow.hub_names import Reference, parse
from steelyard.flow.subjects import locate
from tests.samples.hub import COMMIT, FILES, cache_snapshot, serving

OTHER = "f" * 40


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.fixture
def nobody_asks(monkeypatch):
    def fetch(*arguments):
        raise AssertionError(f"asked the hub for {arguments}")

    monkeypatch.setattr(hub_download, "fetch", fetch)


@pytest.mark.parametrize(
    ("subject", "repository", "revision"),
    [
        ("hf:org/name", "org/name", "main"),
        ("hf:gpt2", "gpt2", "main"),
        ("hf:org/name@v1.0", "org/name", "v1.0"),
        ("hf:org/name@refs/pr/7", "org/name", "refs/pr/7"),
        (f"hf:o-r_g/n.a-m_e@{COMMIT}", "o-r_g/n.a-m_e", COMMIT),
    ],
)
def test_a_subject_of_the_hub_has_a_name_and_perhaps_a_revision(subject, repository, revision):
    assert parse(subject) == Reference(repository, revision)


@pytest.mark.parametrize(
    "subject",
    [
        "hf:",
        "hf:/name",
        "hf:a/b/c",
        "hf:org/name@",
        "hf:../../etc/passwd",
        "hf:org/..",
        "hf:a--b/c",
        "hf:org/name@../../../../etc/passwd",
        "hf:org/name@/etc/passwd",
        "hf:org/na me",
        "hf:org/name@a\nb",
        "hf:org/name\n",
        "hf:-org/name",
        "hf:org/name@--upload",
    ],
)
def test_what_names_no_model_is_an_error_that_shows_how_to_write_one(subject):
    with pytest.raises(UsageError, match="names no model of the hub") as caught:
        locate(subject, Silent())
    assert "hf:org/name@revision" in caught.value.hint


def test_a_path_is_itself():
    assert locate("some/where", Silent()) == Path("some/where")
    assert locate("./hf:x", Silent()) == Path("hf:x")


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
@pytest.mark.parametrize("listing", [True, False])
def test_a_cached_snapshot_is_taken_without_asking_the_hub(cache, nobody_asks, revision, listing):
    snapshot = cache_snapshot(cache, listing=listing)
    assert locate(f"hf:org/name{revision}", Silent()) == snapshot
    assert (snapshot / "sub" / "weights.bin").read_bytes() == FILES["sub/weights.bin"]


def test_a_revision_with_a_slash_lies_in_folders(cache, nobody_asks):
    snapshot = cache_snapshot(cache)
    ref = cache / "models--org--name" / "refs" / "refs" / "pr" / "7"
    ref.parent.mkdir(parents=True)
    ref.write_text(COMMIT)
    assert locate("hf:org/name@refs/pr/7", Silent()) == snapshot


@pytest.mark.parametrize("commit", ["../../../secret", "", "main", OTHER, "\udce9"])
def test_a_ref_that_leads_nowhere_is_no_snapshot(cache, commit):
    cache_snapshot(cache)
    (cache / "secret").mkdir()
    ref = cache / "models--org--name" / "refs" / "main"
    ref.write_bytes(os.fsencode(commit))
    assert cached(Reference("org/name")) is None


def test_what_is_neither_cached_nor_within_reach_is_an_error_with_a_hint(cache):
    with pytest.raises(UnreadableError, match="not in the local hub cache") as caught:
        locate("hf:org/name", Silent())
    assert "hf download org/name" in caught.value.hint


@pytest.mark.parametrize("damage", ["link", "blob"])
def test_a_snapshot_that_lacks_files_is_not_taken_for_the_whole(cache, damage):
    snapshot = cache_snapshot(cache)
    weights = snapshot / "sub" / "weights.bin"
    (weights if damage == "link" else weights.resolve()).unlink()
    assert missing_files(snapshot) == ["sub/weights.bin"]
    with pytest.raises(
        UnreadableError, match=r"lacks 1 file, such as 'sub/weights\.bin'"
    ) as caught:
        locate("hf:org/name", Silent())
    assert str(snapshot) in caught.value.hint


@pytest.mark.parametrize("listing", ["", "[]", '{"files": 7}', '{"format_version": 9}'])
def test_a_listing_that_says_nothing_is_passed_over(cache, nobody_asks, listing):
    snapshot = cache_snapshot(cache)
    (snapshot.parent.parent / "trees" / f"{COMMIT}.json").write_text(listing)
    assert locate("hf:org/name", Silent()) == snapshot


SCRIPT = """
import json, sys
from steelyard.core.errors import SteelyardError
from steelyard.flow.subjects import locate

class Told:
    def __init__(self):
        self.said, self.units = [], 0
    def begin(self, what, total):
        self.said.append([what, total])
    def advance(self, units):
        self.units += units
    def end(self):
        self.said.append("end")

for subject in sys.argv[1:]:
    told = Told()
    try:
        print(json.dumps([str(locate(subject, told)), told.said, told.units]))
    except SteelyardError as error:
        print(json.dumps([type(error).__name__, error.message, error.hint]))
"""


def program(url, home, *subjects, **settings):
    """Resolve subjects in a program of its own, as huggingface_hub reads its settings only once."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "NO_PROXY": "127.0.0.1",
        **settings,
    }
    command = [sys.executable, "-W", "error", "-c", SCRIPT, *subjects]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_model_that_is_not_cached_is_downloaded_with_progress_and_then_cached(tmp_path):
    with serving() as hub:
        (first, second) = program(hub.url, tmp_path, "hf:org/name", "hf:org/name")
        asked = list(hub.asked)
    snapshot = tmp_path / "hub" / "models--org--name" / "snapshots" / COMMIT
    total = sum(len(data) for data in FILES.values())
    assert first == [str(snapshot), [["downloading org/name", total], "end"], total]
    assert second == [str(snapshot), [], 0]
    assert {name: (snapshot / name).read_bytes() for name in FILES} == FILES
    assert sum(request.startswith("GET /org/name/resolve") for request in asked) == 2
    # Later nobody needs the hub, nor a setting that says so; the cache may lie elsewhere.
    nowhere = "http://127.0.0.1:9"
    assert program(nowhere, tmp_path, "hf:org/name") == [second]
    moved = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    assert program(nowhere, tmp_path / "x", f"hf:org/name@{COMMIT}", **moved) == [second]


def test_a_broken_off_download_is_completed(tmp_path):
    snapshot = cache_snapshot(tmp_path / "hub")
    (snapshot / "sub" / "weights.bin").resolve().unlink()
    with serving() as hub:
        program(hub.url, tmp_path, "hf:org/name")
        fetched = [request for request in hub.asked if request.startswith("GET /org/name/resolve")]
    assert fetched == [f"GET /org/name/resolve/{COMMIT}/sub/weights.bin"]
    assert (snapshot / "sub" / "weights.bin").read_bytes() == FILES["sub/weights.bin"]


def test_whatever_the_hub_refuses_is_an_error_with_a_hint(tmp_path):
    subjects = ["hf:org/gone", "hf:org/gated", "hf:org/name@v9", "hf:org/down"]
    with serving() as hub:
        answers = program(hub.url, tmp_path, *subjects)
    assert [answer[0] for answer in answers] == ["UnreadableError"] * 4
    gone, gated, revision, down = answers
    assert "has no model 'org/gone'" in gone[1]
    assert "hf auth login" in gone[2]
    assert "does not give 'hf:org/gated@main' to everybody" in gated[1]
    assert f"accept its terms at {hub.url}/org/gated" in gated[2]
    assert revision[1:] == ["'org/name' has no revision 'v9'", "name a branch, tag or commit"]
    assert "answers 503" in down[1]


def test_a_hub_out_of_reach_is_an_error_with_a_hint(tmp_path):
    ((kind, message, hint),) = program("http://127.0.0.1:9", tmp_path, "hf:org/name")
    assert kind == "UnreadableError"
    assert "http://127.0.0.1:9 cannot be reached: ConnectError" in message
    assert "hf download org/name" in hint


def test_a_cache_without_room_is_an_error_with_a_hint(tmp_path):
    (tmp_path / "hub").write_text("a file where the folder should be")
    with serving() as hub:
        ((kind, message, hint),) = program(hub.url, tmp_path, "hf:org/name")
    assert kind == "UnreadableError"
    assert "cannot be kept in" in message
    assert "HF_HUB_CACHE" in hint


def test_ctrl_c_does_not_wait_for_the_download(cache, monkeypatch):
    told = []

    def never_ends(repository, revision, progress, teller):
        signal.raise_signal(signal.SIGINT)
        while True:
            teller.advance(1)

    class Progress(Silent):
        def end(self):
            told.append("end")

    monkeypatch.setattr(hub_download, "_fetch", never_ends)
    with pytest.raises(KeyboardInterrupt):
        locate("hf:org/name", Progress())
    assert told == ["end"]
