# SPDX-License-Identifier: Apache-2.0
"""`steelyard check --each`: a whole registry, resumable, each model kept as it comes."""

import json
import os
import pickle
import signal
import time

import msgspec
import pytest

from steelyard.cli import sweep
from steelyard.cli.main import run
from steelyard.core.dossier import Dossier
from steelyard.flow import rounds
from steelyard.stores.sqlite import SqliteStore

HOSTILE = b"cos\nsystem\n(S'touch /tmp/steelyard-ran'\ntR."


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "_TICK", 0)
    root = tmp_path / "registry"
    for number in range(4):
        folder = root / "org" / f"good{number}"
        folder.mkdir(parents=True)
        (folder / "values.pkl").write_bytes(pickle.dumps({"a": number}))
    (root / "bad").mkdir()
    (root / "bad" / "weights.bin").write_bytes(HOSTILE)
    (root / "empty").mkdir()
    return root


@pytest.fixture
def check(registry, tmp_path):
    def check(*options, store=str(tmp_path / "store.sqlite"), pool="threads"):
        command = ["check", "--each", str(registry), "--store", store, "--pool", pool]
        return run([*command, "--jobs", "2", *options])

    return check


@pytest.fixture
def looked(monkeypatch):
    names = []
    discover = rounds.discover

    def noted(path, **options):
        names.append(path.name)
        return discover(path, **options)

    monkeypatch.setattr(rounds, "discover", noted)
    return names


@pytest.mark.parametrize("pool", ["processes", "threads"])
def test_the_worst_come_first_and_what_passes_is_counted(check, capsys, pool):
    assert check(pool=pool) == 1
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0] == "6 models by the policy baseline: 1 fail, 1 unread, 4 pass"
    assert lines[2].startswith("fail     bad    no-code-on-load: ")
    assert any(line.startswith("unread   empty  ") for line in lines)
    assert "good" not in shown.out
    assert shown.err == ""


def test_json_is_one_document_with_the_place_of_each_model(check, capsys):
    assert check("--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "steelyard.dossiers/1"
    assert document["paths"] == ["bad", *[f"org/good{number}" for number in range(4)]]
    dossiers = msgspec.convert(document["dossiers"], list[Dossier])
    assert dossiers[0].subject.name == "bad"
    (unread,) = document["unread"]
    assert unread["path"] == "empty"
    assert unread["error"]
    assert unread["hint"]


def test_the_same_evidence_comes_from_every_pool_and_from_the_store(check, capsys):
    documents = []
    for options in (["--pool", "processes"], ["--pool", "threads"], [], ["--fresh"]):
        check("--json", *options)
        documents.append(json.loads(capsys.readouterr().out))
    ids = [
        [[item["id"] for item in dossier["evidence"]] for dossier in document["dossiers"]]
        for document in documents
    ]
    assert ids[0]
    assert all(other == ids[0] for other in ids)


def test_what_has_not_changed_is_not_read_again(check, registry, looked, capsys):
    check()
    first = capsys.readouterr().out
    assert len(looked) == 6
    looked.clear()
    assert check() == 1
    assert looked == ["empty"]
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("change", ["content", "new file", "same size", "moved away", "policy"])
def test_what_has_changed_is_read_again(check, registry, looked, change):
    check()
    looked.clear()
    folder = registry / "org" / "good1"
    file = folder / "values.pkl"
    if change == "content":
        file.write_bytes(HOSTILE)
    elif change == "new file":
        (folder / "more.json").write_text("{}")
    elif change == "same size":
        status = file.stat()
        file.write_bytes(file.read_bytes()[::-1])
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "moved away":
        file.rename(folder / "other.pkl")
    check(*(["--policy", "strict"] if change == "policy" else []))
    assert looked.count("good1") == 1
    assert ("good2" in looked) == (change == "policy")


def test_fresh_reads_everything_again(check, looked):
    check()
    looked.clear()
    check("--fresh")
    assert len(looked) == 6


@pytest.mark.parametrize("lost", ["store", "memory"])
def test_nothing_is_taken_from_a_store_that_lost_it(check, looked, tmp_path, lost, capsys):
    check()
    first = capsys.readouterr().out
    looked.clear()
    store = tmp_path / "store.sqlite"
    for path in [store] if lost == "store" else [tmp_path / "store.sqlite.remembered"]:
        path.unlink()
    assert check() == 1
    assert len(looked) == 6
    assert capsys.readouterr().out == first
    assert SqliteStore(store).verify().entries > 6


def test_a_file_that_has_just_changed_is_not_remembered(check, looked, monkeypatch):
    monkeypatch.setattr(rounds, "_TICK", 10**15)
    check()
    looked.clear()
    check()
    assert len(looked) == 6


def test_a_damaged_memory_is_an_error_that_says_what_to_delete(check, tmp_path, capsys):
    (tmp_path / "store.sqlite.remembered").write_bytes(b"no database" * 1000)
    assert check() == 2
    assert "delete it" in capsys.readouterr().err


class PressesCtrlC:
    """Progress that presses Ctrl-C once three models are done."""

    def __init__(self):
        self.done = 0

    def begin(self, what, total):
        pass

    def advance(self, units):
        self.done += units
        if self.done == 3:
            signal.raise_signal(signal.SIGINT)

    def end(self):
        pass


def test_ctrl_c_keeps_what_was_done_and_the_next_run_goes_on(check, monkeypatch, looked, capsys):
    with monkeypatch.context() as patched:
        patched.setattr("steelyard.cli.each.counter", PressesCtrlC)
        assert check("--jobs", "1") == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "interrupted: " in shown.err
    assert "run it again to go on" in shown.err
    looked.clear()
    assert check() == 1
    assert len(looked) < 6


def test_nothing_is_remembered_where_nothing_is_kept(check, looked, tmp_path):
    for _ in range(2):
        assert check(store="none") == 1
    assert len(looked) == 12
    assert not list(tmp_path.glob("*.remembered"))


def test_batches_are_kept_while_the_rest_is_examined(check, monkeypatch, tmp_path):
    heads = []
    append_all = SqliteStore.append_all

    def noted(store, dossiers):
        heads.append(len(dossiers))
        return append_all(store, dossiers)

    monkeypatch.setattr(SqliteStore, "append_all", noted)
    monkeypatch.setattr(sweep, "_BATCH", 2)
    check()
    assert heads == [2, 2, 1]


def test_a_folder_without_models_is_an_error(tmp_path, capsys):
    (tmp_path / "none").mkdir()
    assert run(["check", "--each", str(tmp_path / "none"), "--store", "none"]) == 2
    assert "there is no model" in capsys.readouterr().err


def test_many_models_take_little_time_each(tmp_path):
    root = tmp_path / "many"
    for number in range(200):
        (root / f"m{number}").mkdir(parents=True)
        (root / f"m{number}" / "config.json").write_text(f'{{"hidden_size": {number}}}')
    begun = time.process_time()
    command = ["check", "--each", str(root), "--store", str(tmp_path / "s"), "--jobs", "1"]
    assert run(command) == 0
    assert time.process_time() - begun < 200 / 20
