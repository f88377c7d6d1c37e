# SPDX-License-Identifier: Apache-2.0
"""Runs on disk: a folder with `run.json` and `samples.jsonl`, complete or not there."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from steelyard.core.errors import UnreadableError, UsageError
from steelyard.core.whole import write_whole
from steelyard.evals.record import Run, SampleRecord, merkle_root
from steelyard.stores import default_location

RUN, SAMPLES = "run.json", "samples.jsonl"


def save(folder: Path, run: Run, samples: Iterable[SampleRecord]) -> None:
    """Write a run into a folder, which is made if need be; `run.json` comes last.

    Raises:
        UsageError: It cannot be written.
    """
    lines = b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / SAMPLES, lines)
        write_whole(folder / RUN, msgspec.json.format(msgspec.json.encode(run), indent=1))
    except OSError as error:
        raise UsageError(
            f"cannot write the run to {str(folder)!r}: {error.strerror}",
            hint="check the folder and the room on the disk; what was computed is kept",
        ) from error


def prepare(folder: Path) -> None:
    """Make a folder that a run can be written to: better now than after hours of computing.

    Raises:
        UsageError: Nothing can be written there.
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"cannot write to {str(folder)!r}: {error.strerror}",
            hint="name another folder with --out",
        ) from error


def load(path: Path) -> tuple[Run, list[SampleRecord]]:
    """Return the run that a folder, or its `run.json`, holds.

    Raises:
        UnreadableError: It is none, or cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    try:
        run = msgspec.json.decode((folder / RUN).read_bytes(), type=Run)
        lines = (folder / SAMPLES).read_bytes().splitlines()
        decoder = msgspec.json.Decoder(SampleRecord)
        samples = [decoder.decode(line) for line in lines]
    except OSError as error:
        raise UnreadableError(
            f"{str(path)!r} holds no run: {error.strerror}",
            hint="name a folder written by steelyard eval --out",
        ) from error
    except msgspec.MsgspecError as error:
        raise _broken(folder, str(error)) from error
    _belong_together(folder, run, samples)
    return run, samples


def _belong_together(folder: Path, run: Run, samples: Iterable[SampleRecord]) -> None:
    """Hold the samples against the roots in the run: a lost line would pass for fewer questions."""
    digests: dict[str, list[bytes]] = {task.id: [] for task in run.tasks if not task.members}
    for sample in samples:
        digests.setdefault(sample.task, []).append(sample.sample.encode())
    roots = {task.id: task.samples for task in run.tasks}
    for task, found in digests.items():
        if merkle_root(found) != roots.get(task):
            raise _broken(folder, f"{SAMPLES} has other samples of {task!r} than {RUN} says")


def _broken(folder: Path, why: str) -> UnreadableError:
    return UnreadableError(
        f"{str(folder)!r} holds no whole run: {why}", hint="run steelyard eval again"
    )


def tasks_in(folder: Path) -> set[str]:
    """Return the ids of the tasks of the run that is in a folder; none where there is none."""
    try:
        run = msgspec.json.decode((folder / RUN).read_bytes(), type=Run)
    except (OSError, msgspec.MsgspecError):
        return set()
    return {task.id for task in run.tasks}


def find(reference: str, kept: Path) -> tuple[Run, list[SampleRecord]]:
    """Return the run that a reference means: a folder, or the newest one kept of a model.

    Args:
        reference: Path of a run, name of a model, or the beginning of its digest.
        kept: Folder in which runs are kept.

    Raises:
        UnreadableError: There is none.
    """
    path = Path(reference)
    if (path / RUN).is_file() or path.name == RUN:
        return load(path)
    found = [entry for entry in kept_runs(kept) if _means(entry[1], reference)]
    if not found:
        names = sorted({run.name for _, run in kept_runs(kept)})
        others = f"; runs are kept of {', '.join(names[:5])}" if names else ""
        raise UnreadableError(
            f"there is no run of {reference!r}, and no {RUN} in a folder of that name",
            hint=f"steelyard eval {reference} --task ...{others}",
        )
    return load(found[-1][0])


def kept_runs(kept: Path) -> list[tuple[Path, Run]]:
    """Return the runs in a folder, oldest first; what is none is passed over."""
    found = []
    for path in sorted(kept.glob(f"*/{RUN}")):
        try:
            found.append((path.parent, msgspec.json.decode(path.read_bytes(), type=Run)))
        except (OSError, msgspec.MsgspecError):
            continue
    return sorted(found, key=lambda entry: (entry[1].at, entry[0].name))


def _means(run: Run, reference: str) -> bool:
    name = reference.rstrip("/")
    alike = {run.name, run.subject, Path(run.name).name}
    short = len(reference) >= 8 and run.subject.removeprefix("sha256:").startswith(
        reference.removeprefix("sha256:")
    )
    return name in alike or Path(name).name == run.name or short


def runs_folder() -> Path:
    """Return the folder in which runs are kept, beside the user's store.

    Raises:
        StoreError: The user has no home.
    """
    return default_location().parent / "runs"
