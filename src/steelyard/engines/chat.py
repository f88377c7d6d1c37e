# SPDX-License-Identifier: Apache-2.0
"""Chat templates, rendered in a sandbox: they come with the model and are not to be trusted."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from steelyard.core.errors import EngineError, UsageError

_LONGEST = 1 << 20  # characters of a rendered conversation


def render_chat(
    template: str, messages: Sequence[Mapping[str, str]], special: Mapping[str, str]
) -> str:
    """Return the text of a conversation, ready for the model's answer.

    Args:
        template: The model's own; empty when it has none.
        messages: Each with `role` and `content`.
        special: The texts of special tokens, such as `bos_token`.

    Raises:
        UsageError: There is no template.
        EngineError: The template refuses the conversation, fails, or reaches for what the sandbox
            keeps from it.

    Source:
        transformers 5.23, utils/chat_template_utils.py: the same environment, without the clock.
    """
    if not template:
        raise UsageError(
            "the model has no chat template", hint="run the task without --apply-chat-template"
        )
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    try:
        parts = environment.from_string(template).generate(
            messages=[dict(message) for message in messages], add_generation_prompt=True, **special
        )
        return _bounded(parts)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise EngineError(
            f"the model's chat template failed: {error}",
            hint="run the task without the template, or look at it: steelyard explain template",
        ) from error


def _bounded(parts: object) -> str:
    text: list[str] = []
    size = 0
    for part in parts:  # type: ignore[attr-defined]
        text.append(part)
        size += len(part)
        if size > _LONGEST:
            raise ValueError(f"more than {_LONGEST:,} characters")
    return "".join(text)


def _refuse(message: str) -> NoReturn:
    raise ValueError(message)
