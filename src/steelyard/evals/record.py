# SPDX-License-Identifier: Apache-2.0
"""The record of a run: what was asked, what came back, what it scored, on which data and engine."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from steelyard.core.digest import Digest, digest_bytes
from steelyard.core.engine import Card
from steelyard.evals.energy import Cost
from steelyard.evals.requests import Answer, Request

SCHEMA: Literal["steelyard.run/1"] = "steelyard.run/1"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A score over all samples of a task.

    Attributes:
        name: As lm-evaluation-harness names it; with `,filter` behind it where a filter other than
            `none` was applied.
        value: The score.
        low: Lower end of the 95 % interval; equals `value` where no interval can be given.
        high: Upper end.
        n: Samples.
        error: Standard error; None where it cannot be told.
        higher_is_better: Whether more is better.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    error: float | None = None
    higher_is_better: bool = True


class SampleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One sample, as it was answered and scored.

    Attributes:
        task: Id of the task.
        index: Number of the document in its split.
        sample: Digest of the document and what is asked of it: pairs samples of two runs.
        origin: Digest of the document alone, before it was put another way.
        cluster: Samples with the same one hang together; empty where it stands alone.
        slices: Names of kinds of samples with the kind of this one, such as `language`: `et`.
        row: The document it was made of.
        target: The right answer, for people.
        gold: The same as the task gives it: the place of an option, a text, or several of these.
        requests: What was asked.
        answers: What came back, one an asked thing.
        filtered: What each filter made of texts that came back, by its name.
        scores: Value by metric.
    """

    task: str
    index: int
    sample: Digest
    origin: Digest = ""
    cluster: str = ""
    slices: Mapping[str, str] = {}
    row: Mapping[str, Any] = {}
    target: str = ""
    gold: Any = None
    requests: tuple[Request, ...] = ()
    answers: tuple[Answer, ...] = ()
    filtered: Mapping[str, Any] = {}
    scores: Mapping[str, float] = {}

    @property
    def bond(self) -> str:
        """Return what samples that depend on this one share with it, in whichever task."""
        return self.cluster or self.origin or self.sample


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """What all of a task is, of which a part was asked.

    Attributes:
        samples: Merkle root of all its samples.
        tokens: Merkle root of the token ids that asking all of them would take.
        n: How many samples it has.
        largest: How many of them hang together at most.
    """

    samples: Digest
    tokens: Digest
    n: int
    largest: int


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A task in a run.

    Attributes:
        id: Its id; of a group, that of the group.
        version: Its version.
        task: Digest of all that defines it.
        data: Digest of the data it was run on.
        samples: Merkle root of its samples, in their order.
        tokens: Merkle root of the token ids that were asked about, in the order of its samples.
        metrics: The scores.
        n: How many samples were scored.
        rows: How many rows its split has.
        examples: How many examples stand before each question.
        skipped: How many could not be asked, with why not: reason by count.
        cut: How many requests did not fit into the model's context as a whole.
        strays: How many have a right answer that is none of their options: whatever is picked
            counts as wrong, as in lm-evaluation-harness.
        members: Ids of the tasks of a group; empty for a task.
        whole: All of the task, where a comparison was settled before all of it was asked: what
            stands above is of the part that was, and intervals are such as hold at any time.
    """

    id: str
    version: str
    task: Digest
    data: Digest
    samples: Digest
    tokens: Digest
    metrics: tuple[Metric, ...]
    n: int
    rows: int = 0
    examples: int = 0
    skipped: Mapping[str, int] = {}
    cut: int = 0
    strays: int = 0
    members: tuple[str, ...] = ()
    whole: Whole | None = None


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What a run took.

    Attributes:
        computed: Tokens of prompts the engine computed in this run.
        minimum: The fewest that any order of work computes: nodes of the trie of all requests.
        naive: Tokens of each different request by itself.
        written: Tokens that were generated.
        prompts: Tokens of the prompts of these texts, common beginnings once.
        known: Requests whose results were there from an earlier run.
        cost: Processor time, wall time and energy.
    """

    computed: int
    minimum: int
    naive: int
    written: int
    known: int
    cost: Cost
    prompts: int = 0

    @property
    def tokens(self) -> int:
        """Return how many tokens went through the model, read and written."""
        return self.computed + self.prompts + self.written


Said = Literal["better", "worse", "not worse", "open"]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """How a metric came out against another run, as far as it was asked.

    Attributes:
        name: Of the task, or of the group whose samples are taken together.
        metric: Name of the metric.
        asked: After how many samples.
        of: Of how many.
        low: Lower end of the 95 % interval of the difference that holds at any time: how much
            better the new one is.
        high: Upper end.
        evidence: e-value against the opposite of what it says; the larger one while it is open.
        says: `better` or `worse` (by more than the margin), `not worse` (than by the margin), or
            `open`.
    """

    name: str
    metric: str
    asked: int
    of: int
    low: float
    high: float
    evidence: float
    says: Said


class Stopping(msgspec.Struct, frozen=True, kw_only=True):
    """By what rule a run stopped, or would have.

    Attributes:
        rule: Name and version of the rule.
        old: Name of the model it was held against.
        against: Digest of that run: of its model, its engine, and the scores of its samples.
        margin: How much worse the new one may be, as a share; None asks for any difference.
        alpha: Chance of saying anything wrong by stopping, at most, over all rows.
        bar: What evidence has to reach.
        seed: Of the order in which samples were asked.
        looks: How many samples had been asked at each look.
        rows: How each metric came out.
        entire: Tasks that were asked whole, with why.
    """

    rule: Literal["betting.v1"] = "betting.v1"
    old: str
    against: Digest
    margin: float | None
    alpha: float
    bar: float
    seed: int
    looks: tuple[int, ...]
    rows: tuple[Settled, ...]
    entire: Mapping[str, str] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run of some tasks on one model.

    Attributes:
        schema: Id of the document's schema.
        subject: Digest of the model that was run.
        name: Its name, for people.
        card: Which engine ran it, and how it computes.
        settings: What was asked for that changes what is asked: limit, examples, template, seed.
        tasks: What came of each task, then of each group.
        spent: What it took.
        at: When it ended, UTC, RFC 3339.
        stopping: The rule by which it stopped early; None where nothing was to be settled.
    """

    schema: Literal["steelyard.run/1"] = SCHEMA
    subject: Digest
    name: str
    card: Card
    settings: Mapping[str, str]
    tasks: tuple[TaskRecord, ...]
    spent: Spent
    at: str
    stopping: Stopping | None = None


def merkle_root(leaves: Iterable[bytes]) -> Digest:
    """Return the root of a Merkle tree over some leaves in their order.

    Source:
        RFC 6962, section 2.1: leaves are hashed behind a zero byte, nodes behind a one.
    """
    level = [bytes.fromhex(digest_bytes(b"\0" + leaf)[7:]) for leaf in leaves]
    if not level:
        return digest_bytes(b"")
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [bytes.fromhex(digest_bytes(b"\1" + left + right)[7:]) for left, right in pairs]
        level = above + level[len(level) - len(level) % 2 :]
    return f"sha256:{level[0].hex()}"
