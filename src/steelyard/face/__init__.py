# SPDX-License-Identifier: Apache-2.0
"""The Python face: judge a model, and keep loaders from what did not pass."""

import os
from collections.abc import Mapping

from steelyard.core.dossier import Dossier
from steelyard.core.limits import Limits
from steelyard.core.ports import Silent
from steelyard.core.use import Use
from steelyard.face.gate import Guard
from steelyard.face.passes import PASSES
from steelyard.flow.check import judge
from steelyard.flow.discover import discover
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Threads, free_cores
from steelyard.flow.profile import profile
from steelyard.flow.settings import Settings
from steelyard.flow.subjects import locate

__all__ = ["Guard", "check", "guard"]


def check(
    path: str | os.PathLike[str],
    policy: str = "baseline",
    *,
    use: Use | Mapping[str, object] | None = None,
    jobs: int | None = None,
) -> Dossier:
    """Look at the files of a model and judge them; nothing of it runs.

    Args:
        path: Folder or file, or `hf:org/name@revision`.
        policy: Id of a built-in policy, or the path of a TOML file.
        use: What the model is to be used for, by the keys of `steelyard explain use`; a key that is
            not there is *not known*. None where nobody says.
        jobs: Files read at once, at least 1; None for one per free core.

    Returns:
        The dossier. `dossier.verdict.outcome` is compared by name: it has no truth value.

    Raises:
        UnreadableError: There is nothing that could be read.
        PolicyError: There is no such policy.
        UsageError: The use profile has a key or a value that means nothing.
    """
    meant = profile(use, "use") if isinstance(use, Mapping) else use
    rules, limits, silent = find_policy(policy), Limits(), Silent()
    model = discover(
        locate(os.fspath(path), silent),
        limits=limits,
        pool=Threads(jobs or free_cores()),
        progress=silent,
    )
    dossier = judge(model, rules, limits=limits, settings=Settings(use=meant))
    PASSES.note(model, dossier)
    return dossier


def guard(policy: str = "baseline", *, loads: bool = False) -> Guard:
    """Keep loaders from files that do not pass, from this call on.

    It ends with the guard's `stop()`, or with the `with` block that it opens. What is guarded:
    `pickle.load`, `torch.load`, `joblib.load`, `cloudpickle.load`, `dill.load`, and `numpy.load` where
    it may unpickle; libraries that are imported later are guarded when they are.

    Args:
        policy: Id of a built-in policy, or the path of a TOML file; `pass` and `warn` let a file
            through, `unknown` and `fail` do not.
        loads: Whether to guard `pickle.loads` and its like as well. They are handed bytes, often
            many and small ones, each of which costs some milliseconds the first time.

    Returns:
        The guard, which has been started.

    Raises:
        PolicyError: There is no such policy.
    """
    return Guard(find_policy(policy), loads=loads).start()
