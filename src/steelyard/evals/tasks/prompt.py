# SPDX-License-Identifier: Apache-2.0
"""The prompt of a question: description, examples, the question itself.

Semantics: `fewshot_context` of lm-eval 0.4.13.
"""

from collections.abc import Sequence

from steelyard.core.errors import MalformedError
from steelyard.evals.data import Row
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.examples import Sampler
from steelyard.evals.tasks.fields import Fields, indexed
from steelyard.evals.tasks.turns import Chat, Turn, chatted, delimited, example, plain, question


class Prompts:
    """Puts the questions of one task.

    Args:
        config: The task.
        fields: Reads its rows.
        pool: Rows that examples are taken from.
        choose: Which of them stand before a question.
        count: How many examples.
        inputs: Whether each option is a question of its own, and the answer always the same.
        system: Instruction before everything.
        chat: Template of conversations; None puts plain text.
        multiturn: Whether examples are turns of the conversation.
    """

    def __init__(
        self,
        config: TaskConfig,
        fields: Fields,
        *,
        pool: Sequence[Row],
        choose: Sampler | None,
        count: int,
        inputs: bool,
        system: str,
        chat: Chat | None,
        multiturn: bool,
    ) -> None:
        self._config = config
        self._fields = fields
        self._pool = pool
        self._choose = choose
        self._count = count
        self._inputs = inputs
        self._system = system
        self._chat = chat
        self._multiturn = multiturn
        self._examples: dict[int, tuple[Turn, ...]] = {}

    @property
    def gap(self) -> str:
        """Return what stands between prompt and answer.

        A chat template leaves the answer's place ready, unless the answer is begun already.
        """
        if self._chat is None:
            return self._config.target_delimiter
        begun = self._config.gen_prefix
        return self._config.target_delimiter if begun and not begun[-1].isspace() else ""

    def of(self, row: Row, choices: Sequence[str]) -> list[str]:
        """Return the prompt of a question, or one for each option where they are questions.

        Raises:
            MalformedError: A part cannot be rendered.
        """
        before = [*self._opening(row), *self._shots(row)]
        prefix = self._fields.resolved(row, self._config.gen_prefix, "gen_prefix")
        if self._inputs:
            asked = [(text, "") for text in choices]
        else:
            text = self._fields.text(row, self._config.doc_to_text)
            if not isinstance(text, str):
                raise MalformedError("'doc_to_text' gives a number here, and gave text before")
            asked = [(text, self._config.target_delimiter)]
        return [
            self._put([*before, *question(text, prefix=prefix, delimiter=delimiter)])
            for text, delimiter in asked
        ]

    def _put(self, turns: Sequence[Turn]) -> str:
        if self._chat is None:
            return plain(turns)
        return chatted(turns, self._chat, multiturn=self._multiturn)

    def _opening(self, row: Row) -> list[Turn]:
        described = self._fields.resolved(row, self._config.description, "description")
        text = delimited(self._system, described, self._config.fewshot_delimiter)
        return [Turn(role="system", content=text)] if text else []

    def _shots(self, row: Row) -> list[Turn]:
        if self._choose is None:
            return []
        own = self._config.fewshot.split == self._config.test_split
        turns: list[Turn] = []
        for place in self._choose(self._count, row if own else None):
            if place not in self._examples:
                self._examples[place] = self._shown(self._pool[place], place)
            turns += self._examples[place]
        return turns

    def _shown(self, row: Row, place: int) -> tuple[Turn, ...]:
        said = self._config.fewshot
        try:
            choices = self._fields.choices(row, said.doc_to_choice) if said.doc_to_choice else []
            text = self._fields.text(row, said.doc_to_text)
            if self._inputs and isinstance(text, int):
                text, choices = indexed(choices, text), []
            if not isinstance(text, str):
                raise MalformedError("'doc_to_text' gives a number, where text must be")
            answer = indexed(choices, self._fields.target(row, said.doc_to_target))
            prefix = self._fields.resolved(row, said.gen_prefix, "gen_prefix")
        except MalformedError as error:
            raise MalformedError(f"example {place + 1}: {error.message}") from error
        return example(
            text,
            answer,
            prefix=prefix,
            delimiter=_or(said.target_delimiter, self._config.target_delimiter),
            after=_or(said.fewshot_delimiter, self._config.fewshot_delimiter),
        )


def _or(own: str | None, other: str) -> str:
    return other if own is None else own
