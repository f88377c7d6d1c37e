# SPDX-License-Identifier: Apache-2.0
"""What a task asks of a model, and what comes back: the seam between tasks and the planner."""

import msgspec

from steelyard.core.engine import Sampling


class Continuation(msgspec.Struct, frozen=True, kw_only=True, tag="continuation"):
    """How probable is this text after that one? Answered by a `Likelihood`.

    Attributes:
        context: What stands before; may be empty.
        text: What is scored; never empty.
    """

    context: str
    text: str


class Whole(msgspec.Struct, frozen=True, kw_only=True, tag="whole"):
    """How probable is this text from its beginning? Answered by a `Likelihood`.

    A text longer than the model's context is cut into windows, each scored token once.

    Attributes:
        text: What is scored.
    """

    text: str


class Completion(msgspec.Struct, frozen=True, kw_only=True, tag="completion"):
    """What does the model write after this text? Answered by a `Written`.

    Attributes:
        context: What stands before.
        sampling: How it is generated.
    """

    context: str
    sampling: Sampling


Request = Continuation | Whole | Completion


class Likelihood(msgspec.Struct, frozen=True, kw_only=True, tag="likelihood"):
    """How probable a text is.

    Attributes:
        logprob: Sum of the log-probabilities of its tokens, natural logarithm.
        greedy: Whether greedy generation would have written it.
        tokens: How many tokens were scored.
        cut: How many tokens of the context did not fit and were left out.
    """

    logprob: float
    greedy: bool
    tokens: int
    cut: int = 0


class Written(msgspec.Struct, frozen=True, kw_only=True, tag="written"):
    """What the model wrote.

    Attributes:
        text: The text, without the stop text.
        tokens: How many tokens were generated.
        cut: How many tokens of the context did not fit and were left out.
    """

    text: str
    tokens: int
    cut: int = 0


Answer = Likelihood | Written
