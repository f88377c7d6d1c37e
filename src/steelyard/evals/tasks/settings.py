# SPDX-License-Identifier: Apache-2.0
"""What a run says of all its tasks: how many examples, which seed, how prompts are put."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How tasks are put.

    Attributes:
        num_fewshot: Examples before each question; None is as the task says. A task that says 0
            keeps it, as in lm-eval.
        seed: Of the drawing of examples; lm-eval's default is 1234.
        system: Instruction before everything, empty for none.
        multiturn: Whether examples are turns of a conversation, with a chat template.
        limit: Questions of each task, from the first; None asks all. Below 1 it is a share.
    """

    num_fewshot: int | None = None
    seed: int | None = 1234
    system: str = ""
    multiturn: bool = False
    limit: float | None = None
