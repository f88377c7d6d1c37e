# SPDX-License-Identifier: Apache-2.0
"""How answers are generated, out of a task's `generation_kwargs`.

Semantics: `normalize_gen_kwargs` of lm-eval 0.4.13: without `do_sample: true` the answer is greedy.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from steelyard.core.engine import Sampling
from steelyard.core.errors import MalformedError

MOST_TOKENS = 256
_LENGTHS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
_KNOWN = frozenset({*_LENGTHS, "until", "do_sample", "temperature", "top_p", "seed"})


def sampling_of(said: Mapping[str, Any] | None, delimiter: str) -> Sampling:
    """Return how answers are generated.

    Args:
        said: The task's `generation_kwargs`; None is greedy, until the delimiter.
        delimiter: Between examples; ends the answer where the task does not say what does.

    Raises:
        MalformedError: A value is out of its range.
    """
    said = {} if said is None else said
    until = said.get("until", [delimiter])
    stop = [until] if isinstance(until, str) else until or []
    temperature = _number(said.get("temperature", 1.0), "temperature")
    most = next((said[key] for key in _LENGTHS if said.get(key) is not None), MOST_TOKENS)
    top_p = _number(said.get("top_p", 1.0), "top_p")
    if not isinstance(most, int) or most < 1:
        raise MalformedError(f"'generation_kwargs': {most!r} tokens, and must be at least 1")
    if temperature < 0 or not 0 < top_p <= 1:
        raise MalformedError(
            f"'generation_kwargs': temperature {temperature}, top_p {top_p} are out of range"
        )
    return Sampling(
        most_tokens=most,
        stop=tuple(str(text) for text in stop if text),
        temperature=temperature if said.get("do_sample") is True else 0.0,
        top_p=top_p if said.get("do_sample") is True else 1.0,
        seed=int(said.get("seed", 0)),
    )


def unsupported(said: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what of the `generation_kwargs` has no effect here."""
    for key, value in (said or {}).items():
        if key not in _KNOWN and not (key == "num_beams" and value == 1):
            yield f"generation_kwargs.{key}: {value!r} has no effect"


def repeated(sampling: Sampling, times: int) -> Iterator[Sampling]:
    """Yield as many samplings as answers are wanted, each with a seed of its own."""
    for turn in range(times):
        yield msgspec.structs.replace(sampling, seed=sampling.seed + turn)


def _number(value: object, key: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise MalformedError(f"'generation_kwargs.{key}': {value!r} is no number") from error
