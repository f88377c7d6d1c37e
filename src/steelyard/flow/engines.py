# SPDX-License-Identifier: Apache-2.0
"""Choose the engine for a model."""

from steelyard import engines
from steelyard.core.engine import Engine, Kind, Place, Wish
from steelyard.core.errors import UsageError
from steelyard.core.plugins import extensions


def known_engines() -> list[Kind]:
    """Return the kinds of engines, by id."""
    return sorted(extensions(engines, Kind), key=lambda kind: kind.id)


def open_engine(place: Place, wish: Wish, name: str = "") -> Engine:
    """Return an engine with a model loaded.

    Args:
        place: Where the model is.
        wish: How it is to be run.
        name: Id of the engine; empty for the one that suits.

    Raises:
        UsageError: No engine of that name, or none that suits.
        EngineError: The model cannot be loaded.
    """
    known = known_engines()
    if name:
        chosen = next((kind for kind in known if kind.id == name), None)
        if chosen is None:
            raise UsageError(
                f"there is no engine {name!r}", hint=f"one of {', '.join(k.id for k in known)}"
            )
        return chosen.open(place, wish)
    for kind in known:
        if kind.suits(place):
            return kind.open(place, wish)
    raise UsageError(
        f"no engine runs {place.url or str(place.path)!r}",
        hint="a GGUF file, a folder with config.json and safetensors, or http://.../v1",
    )
