# SPDX-License-Identifier: Apache-2.0
"""The functions by which pickles come in, of libraries that are imported and of those that will be."""

import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import msgspec

_STREAMS = frozenset({"bzip2", "gzip", "lz4", "lzma", "xz", "zfile", "zlib", "zstd"})


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """A function that unpickles what it is given.

    Attributes:
        name: As users know it.
        module: Where it hangs.
        attribute: Its name there.
        argument: Name of its first parameter: what it is given.
        reads: Formats that it takes for what they are. Others it would take for a pickle, or a tar,
            and that is not how they were looked at.
        asks: Position of the parameter `allow_pickle` without which it unpickles nothing; -1 where
            it always may.
        in_memory: Whether it is given bytes.
    """

    name: str
    module: str
    attribute: str
    argument: str = "file"
    reads: frozenset[str] = frozenset(("pickle",))
    asks: int = -1
    in_memory: bool = False

    def given(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as is
        """Return what a call gives it; None where nothing, or nothing that it may unpickle."""
        if self.asks >= 0:
            allowed = args[self.asks] if len(args) > self.asks else kwargs.get("allow_pickle")
            if not allowed:
                return None
        return args[0] if args else kwargs.get(self.argument)


_TORCH = frozenset({"pickle", "tar", "torch", "torch-legacy", "zip"})
_NUMPY = frozenset({"npy", "pickle", "zip"})
_JOBLIB = _STREAMS | {"pickle"}

DOORS = (
    Door(name="pickle.load", module="pickle", attribute="load"),
    Door(name="pickle.loads", module="pickle", attribute="loads", argument="", in_memory=True),
    *(
        Door(name="torch.load", module=module, attribute="load", argument="f", reads=_TORCH)
        for module in ("torch.serialization", "torch")
    ),
    *(
        Door(
            name="joblib.load", module=module, attribute="load", argument="filename", reads=_JOBLIB
        )
        for module in ("joblib.numpy_pickle", "joblib")
    ),
    *(
        Door(name="numpy.load", module=module, attribute="load", reads=_NUMPY, asks=2)
        for module in ("numpy.lib._npyio_impl", "numpy.lib.npyio", "numpy")
    ),
    *(
        Door(
            name=f"{library}.{name}",
            module=module,
            attribute=name,
            argument="str" if name == "loads" else "file",
            in_memory=name == "loads",
        )
        for library, module in (
            ("cloudpickle", "cloudpickle.cloudpickle"),
            ("cloudpickle", "cloudpickle"),
            ("dill", "dill._dill"),
            ("dill", "dill"),
        )
        for name in ("load", "loads")
    ),
)


class LateImports:
    """Sees to it that something is done to some modules as soon as each is imported.

    Args:
        names: The modules.
        then: What is done to each.
    """

    def __init__(self, names: frozenset[str], then: Callable[[ModuleType], None]) -> None:
        self._names = names
        self._then = then

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec that the other finders give, with a word to us after the module has run."""
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            if isinstance(finder, LateImports):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                _tell(spec, self._then)
                return spec
        return None


def _tell(spec: importlib.machinery.ModuleSpec, then: Callable[[ModuleType], None]) -> None:
    loader = spec.loader
    if loader is None:
        return
    run = loader.exec_module

    def run_and_tell(module: ModuleType) -> None:
        run(module)
        then(module)

    loader.exec_module = run_and_tell  # type: ignore[method-assign]  # of this one loader
