# SPDX-License-Identifier: Apache-2.0
"""`steelyard.guard`: loaders never see what did not pass."""

import gzip
import importlib
import io
import os
import pickle
import sys
import threading
from functools import partial

import pytest

import steelyard
from steelyard.core.dossier import Dossier
from steelyard.face import customs, passes
from tests.samples.archives import zipped

HOSTILE = b"cos\nsystem\n(S'touch /tmp/steelyard-ran'\ntR."
PLAIN = {"weights": [1.5, 2.5]}

REFUSED = steelyard.RefusedError
LIBRARY = """
import pickle

def load(f, *args, **kwargs):
    if hasattr(f, "read"):
        return pickle.load(f)
    with open(f, "rb") as file:
        return pickle.load(file)
"""


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.pkl"
    path.write_bytes(pickle.dumps(PLAIN))
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.pkl"
    path.write_bytes(HOSTILE)
    return path


@pytest.fixture(autouse=True)
def looked(monkeypatch):
    """Forget what passed, and list what is looked at from now on."""
    memory = passes.Passes()
    monkeypatch.setattr(passes, "PASSES", memory)
    monkeypatch.setattr(customs, "PASSES", memory)
    monkeypatch.setattr("steelyard.face.PASSES", memory)
    names = []
    judge = customs.judge

    def noted(model, *arguments, **named):
        names.append(model.name)
        return judge(model, *arguments, **named)

    monkeypatch.setattr(customs, "judge", noted)
    return names


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return a function that puts a library on the path whose `load` unpickles."""
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))

    made = []

    def put(name, source=LIBRARY):
        made.append(name)
        (tmp_path / "lib").mkdir(exist_ok=True)
        (tmp_path / "lib" / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return partial(importlib.import_module, name)

    yield put
    for name in made:  # the real ones, which other tests have imported, stay
        sys.modules.pop(name, None)


def load(path):
    with path.open("rb") as file:
        return pickle.load(file)


def test_what_passes_is_loaded_and_what_fails_is_not(good, bad, never_runs):
    with steelyard.guard():
        assert load(good) == PLAIN
        with never_runs as tried, pytest.raises(REFUSED) as caught:
            load(bad)
    assert tried == []
    error = caught.value
    assert f"pickle.load was kept from '{bad}': fail by policy baseline" in error.message
    assert "critical pickle.call at bad.pkl byte:" in error.message
    assert "os.system" in error.message
    assert isinstance(error.dossier, Dossier)
    assert error.hint


def test_afterwards_everything_is_as_it_was(good):
    before = pickle.load, pickle.loads, list(sys.meta_path)
    with pytest.raises(RuntimeError), steelyard.guard(loads=True):
        assert pickle.load is not before[0]
        raise RuntimeError
    assert (pickle.load, pickle.loads, list(sys.meta_path)) == before
    assert load(good) == PLAIN


def test_a_guard_may_stand_for_good(good, bad):
    guard = steelyard.guard()
    try:
        assert "started" in repr(guard)
        with pytest.raises(REFUSED):
            load(bad)
        assert guard.start() is guard
    finally:
        guard.stop()
        guard.stop()
    assert "stopped" in repr(guard)


def test_a_function_taken_while_guarded_works_afterwards(good):
    with steelyard.guard():
        taken = pickle.load
    with good.open("rb") as file:
        assert taken(file) == PLAIN


@pytest.mark.parametrize("first_out", [0, 1])
def test_guards_stand_behind_each_other_and_leave_in_any_order(good, first_out):
    original = pickle.load
    guards = [steelyard.guard(), steelyard.guard("strict")]
    with pytest.raises(REFUSED, match="by policy strict"):
        load(good)  # it says nothing of a licence
    guards[first_out].stop()
    if first_out == 0:
        with pytest.raises(REFUSED):
            load(good)
    else:
        load(good)
    guards[1 - first_out].stop()
    assert pickle.load is original


def test_a_file_is_looked_at_once_and_again_when_it_changes(good, looked):
    with steelyard.guard():
        load(good)
        load(good)
        assert looked == ["good.pkl"]
        good.write_bytes(HOSTILE)
        with pytest.raises(REFUSED):
            load(good)
    assert looked == ["good.pkl"] * 2


def test_a_model_that_was_checked_before_is_not_looked_at_again(good, looked):
    steelyard.check(good.parent)
    with steelyard.guard():
        assert load(good) == PLAIN
        assert pickle.load(io.BytesIO(good.read_bytes())) == PLAIN
    assert looked == []


def test_a_model_that_failed_does_not_vouch_for_its_files(good, bad, looked):
    steelyard.check(good.parent)
    with steelyard.guard():
        assert load(good) == PLAIN
    assert looked == ["good.pkl"]


def test_streams_are_looked_at_from_where_they_stand(good):
    with steelyard.guard():
        assert pickle.load(io.BytesIO(good.read_bytes())) == PLAIN
        stream = io.BytesIO(b"junk" + HOSTILE)
        stream.seek(4)
        with pytest.raises(REFUSED, match="BytesIO"):
            pickle.load(stream)


def test_a_file_that_unpacks_what_it_reads_is_judged_by_what_it_gives(tmp_path):
    path = tmp_path / "packed.gz"
    path.write_bytes(gzip.compress(HOSTILE))
    with steelyard.guard(), gzip.open(path) as file, pytest.raises(REFUSED, match="system"):
        pickle.load(file)


def test_a_pickle_behind_something_harmless_is_found_where_it_is_loaded(tmp_path, library):
    path = tmp_path / "picture.bin"
    path.write_bytes(b"\x00" * 64 + HOSTILE)
    with steelyard.guard(), path.open("rb") as file:
        file.seek(64)
        with pytest.raises(REFUSED, match="system"):
            pickle.load(file)


def test_pickles_in_a_row_are_looked_at_once(tmp_path, looked):
    path = tmp_path / "row.pkl"
    path.write_bytes(b"".join(pickle.dumps([number]) for number in range(20)))
    with steelyard.guard(), path.open("rb") as file:
        assert [pickle.load(file) for _ in range(20)] == [[number] for number in range(20)]
    assert looked == ["row.pkl"]


def test_what_cannot_be_read_twice_is_refused_with_a_way_out():
    reading, writing = os.pipe()
    os.write(writing, pickle.dumps(PLAIN))
    os.close(writing)
    with steelyard.guard(), os.fdopen(reading, "rb") as file:
        with pytest.raises(REFUSED, match="cannot be read twice") as caught:
            pickle.load(file)
        assert "BytesIO" in caught.value.hint


def test_what_is_no_pickle_is_not_handed_to_an_unpickler(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Nothing to load here.\n" * 5)
    with steelyard.guard(), pytest.raises(REFUSED, match="by its content is text"):
        load(path)


@pytest.mark.parametrize("error", [EOFError, FileNotFoundError])
def test_errors_of_the_loader_stay_its_own(error, tmp_path, library):
    path = tmp_path / "x.pkl"
    if error is EOFError:
        path.write_bytes(b"")
    torch = library("torch")()
    with steelyard.guard(), pytest.raises(error):
        torch.load(path)
    with steelyard.guard(), pytest.raises(TypeError):
        pickle.load()


@pytest.mark.parametrize("name", ["torch", "joblib"])
@pytest.mark.parametrize("late", [False, True])
def test_libraries_are_guarded_whenever_they_are_imported(name, late, library, good, bad):
    get = library(name)
    module = None if late else get()
    with steelyard.guard():
        module = module or get()
        for path in (good, str(good), os.fsencode(good)):
            assert module.load(path) == PLAIN
        with pytest.raises(REFUSED, match=rf"{name}\.load was kept from"):
            module.load(bad)
        with bad.open("rb") as file, pytest.raises(REFUSED):
            module.load(f=file)
    assert module.load.__module__ == name
    assert type(module.load).__name__ == "function"


def test_numpy_is_guarded_where_it_may_unpickle(library, good, bad, looked):
    source = LIBRARY.replace("(f, *args, **kwargs)", "(f, mmap_mode=None, allow_pickle=False)")
    numpy = library("numpy", source.replace("pickle.load(file)", "allow_pickle or 'array'"))()
    with steelyard.guard():
        assert numpy.load(bad) == "array"
        assert numpy.load(bad, None, False) == "array"
        assert looked == []
        for named in ({"allow_pickle": True}, {"mmap_mode": None, "allow_pickle": True}):
            with pytest.raises(REFUSED, match=r"numpy\.load"):
                numpy.load(bad, **named)
        with pytest.raises(REFUSED):
            numpy.load(bad, None, True)


def test_bytes_are_guarded_where_that_is_asked_for(good, looked):
    with steelyard.guard(loads=True):
        for data in (good.read_bytes(), bytearray(good.read_bytes())):
            assert pickle.loads(data) == PLAIN
        with pytest.raises(REFUSED, match=r"pickle\.loads was kept from 'bytes'"):
            pickle.loads(HOSTILE)
    assert looked == ["bytes", "bytes"]
    with steelyard.guard():
        assert pickle.loads(good.read_bytes()) == PLAIN
    assert len(looked) == 2


def test_a_model_in_an_archive_that_a_loader_cannot_take_for_one_is_refused(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(zipped([("data.txt", b"text")]))
    with steelyard.guard(), pytest.raises(REFUSED, match="by its content is zip"):
        load(path)


def test_all_threads_are_guarded(good, bad):
    outcomes = []

    def work(path):
        try:
            outcomes.append(load(path))
        except REFUSED:
            outcomes.append("refused")

    with steelyard.guard():
        threads = [threading.Thread(target=work, args=(path,)) for path in [good, bad] * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(map(str, outcomes)) == sorted([*["refused"] * 4, *[str(PLAIN)] * 4])


def test_another_thread_is_guarded_while_a_loader_is_at_work(tmp_path, library, good, bad):
    torch = library("torch", "def load(f):\n    return f.wait()\n")()
    seen = []

    class Slow(io.BytesIO):
        def wait(self):
            thread = threading.Thread(target=load_elsewhere)
            thread.start()
            thread.join()

    def load_elsewhere():
        try:
            load(bad)
        except REFUSED:
            seen.append("refused")

    with steelyard.guard():
        torch.load(Slow(good.read_bytes()))
    assert seen == ["refused"]


def test_errors_survive_being_sent_to_another_process():
    copy = pickle.loads(pickle.dumps(REFUSED("m", "h", None)))
    assert vars(copy) == {"message": "m", "hint": "h", "dossier": None}
