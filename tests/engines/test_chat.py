# SPDX-License-Identifier: Apache-2.0
"""Chat templates come with the model: they are rendered, and reach nothing."""

import pytest

from steelyard.core.errors import EngineError, UsageError
from steelyard.engines.chat import render_chat

MESSAGES = [{"role": "user", "content": "Hi"}]


def test_a_template_renders_a_conversation() -> None:
    template = (
        "{{ bos_token }}{% for m in messages %}\n[{{ m['role'] }}] {{ m.content }}{% endfor %}"
    )
    assert render_chat(template, MESSAGES, {"bos_token": "<s>"}) == "<s>[user] Hi"


def test_a_model_without_a_template_says_so() -> None:
    with pytest.raises(UsageError, match="no chat template"):
        render_chat("", MESSAGES, {})


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('true') }}",
        "{{ messages.append(1) }}",
        "{% for m in messages %}",
        "{{ raise_exception('only assistants speak') }}",
        "{% for n in range(100000) %}{{ 'x' * 100 }}{% endfor %}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_that_reaches_out_fails_or_runs_on_is_refused(template: str) -> None:
    with pytest.raises(EngineError, match="chat template failed"):
        if "__" in template:
            template += "{{ nothing.of.it }}"
        render_chat(template, MESSAGES, {})
