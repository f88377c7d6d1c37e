# SPDX-License-Identifier: Apache-2.0
"""Keep loaders from what did not pass."""

import functools
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, Self

from steelyard.core.policy import Policy
from steelyard.face.customs import admit
from steelyard.face.doors import DOORS, Door, LateImports

_CHANGING = threading.Lock()  # held while functions are put in front of others, or taken away


class Guard:
    """Stands in front of loaders while it is started; a `with` block starts and stops it.

    Several may stand at once, of several policies: what is loaded must pass all of them. It holds for
    all threads of this process, and for no other process.

    Args:
        policy: What files must pass.
        loads: Whether to guard what unpickles bytes, too.
    """

    def __init__(self, policy: Policy, *, loads: bool) -> None:
        self.policy = policy
        self.active = False
        self._doors = [door for door in DOORS if loads or not door.in_memory]
        names = frozenset(door.module for door in self._doors)
        self._late = LateImports(names, self._close_late)
        self._inside = threading.local()

    def __repr__(self) -> str:
        state = "started" if self.active else "stopped"
        return f"<steelyard guard by policy {self.policy.id!r}, {state}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Guard from now on; once more does nothing."""
        with _CHANGING:
            if not self.active:
                self.active = True
                sys.meta_path.insert(0, self._late)
                for door in self._doors:
                    self._close(door)
        return self

    def stop(self) -> None:
        """Guard no longer: the functions are again what they were."""
        with _CHANGING:
            if self.active:
                self.active = False
                sys.meta_path.remove(self._late)
                for door in self._doors:
                    _open(door)

    def _close_late(self, module: ModuleType) -> None:
        with _CHANGING:
            if self.active:
                for door in self._doors:
                    if door.module == module.__name__:
                        self._close(door)

    def _close(self, door: Door) -> None:
        module = sys.modules.get(door.module)
        function = getattr(module, door.attribute, None)
        if callable(function) and not _stands_before(self, function):
            setattr(module, door.attribute, _Guarded(self, door, function))

    def call(
        self,
        door: Door,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401 - whatever was loaded
        """Call a loader, if what it is given passes."""
        given = door.given(args, kwargs)
        if given is None or not self.active or getattr(self._inside, "deep", False):
            return function(*args, **kwargs)
        admit(given, door, self.policy)
        self._inside.deep = True  # loaders call each other on the file that passed
        try:
            return function(*args, **kwargs)
        finally:
            self._inside.deep = False


class _Guarded:
    """A loader with a guard before it; like a built-in function it does not bind to instances."""

    def __init__(self, guard: Guard, door: Door, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.guard = guard
        self.function = function
        self._door = door

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the loader has it
        return self.guard.call(self._door, self.function, args, kwargs)


def _stands_before(guard: Guard, function: object) -> bool:
    while isinstance(function, _Guarded):
        if function.guard is guard:
            return True
        function = function.function
    return False


def _open(door: Door) -> None:
    """Take away the guards that have stopped; those beneath one that has not go when it does."""
    module = sys.modules.get(door.module)
    function = getattr(module, door.attribute, None)
    bare = function
    while isinstance(bare, _Guarded) and not bare.guard.active:
        bare = bare.function
    if bare is not function:
        setattr(module, door.attribute, bare)
