# SPDX-License-Identifier: Apache-2.0
"""Weigh open-weight AI models before anyone carries them.

`check` judges the files of a model, `guard` keeps loaders from files that did not pass. Both are imported
when they are first used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.dossier import Dossier
    from steelyard.core.errors import RefusedError, SteelyardError
    from steelyard.face import Guard, check, guard

__all__ = ["Dossier", "Guard", "RefusedError", "SteelyardError", "__version__", "check", "guard"]
__version__ = "0.1.0"

_HOMES = {
    "Dossier": "steelyard.core.dossier",
    "Guard": "steelyard.face",
    "RefusedError": "steelyard.core.errors",
    "SteelyardError": "steelyard.core.errors",
    "check": "steelyard.face",
    "guard": "steelyard.face",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
