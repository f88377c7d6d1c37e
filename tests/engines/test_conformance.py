# SPDX-License-Identifier: Apache-2.0
"""What every engine must do: each test runs on each of them."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.core.engine import Engine, Group, Pack, Sampling, Score, Tokens
from steelyard.core.errors import EngineError
from steelyard.engines.echo import Echo
from tests.engines.tiny import write_llama

NAT = 1e-3  # what two ways to compute the same score may differ


@pytest.fixture(
    scope="module",
    params=[
        "echo",
        pytest.param("llama", marks=pytest.mark.model),
        pytest.param("transformers", marks=pytest.mark.torch),
    ],
)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    opened: Engine
    if request.param == "echo":
        opened = Echo()
    elif request.param == "llama":
        pytest.importorskip("xllamacpp")
        from steelyard.engines.llama import Llama

        opened = Llama(request.getfixturevalue("real_model"), threads=1)
    else:
        pytest.importorskip("transformers")
        pytest.importorskip("torch")
        from steelyard.engines.transformers import Transformers

        folder: Path = write_llama(tmp_path_factory.mktemp("tiny"))
        opened = Transformers(folder, threads=1, device="cpu")
    yield opened
    opened.close()


PATHS = ("the cat sat", "the cat ran away", "the dog", "a", "the cat", "a dog sleeps all day")


def alone(engine: Engine, sequence: Tokens) -> list[Score]:
    """Return the score of each token of a sequence but its first, computed by itself."""
    pack = Pack(
        tokens=sequence[:-1],
        parents=tuple(range(-1, len(sequence) - 2)),
        targets=tuple(enumerate(sequence[1:])),
    )
    (scores,) = engine.score(Group(prefix=(), packs=(pack,)))
    return list(scores)


def tree(sequences: list[Tokens]) -> Pack:
    """Return a pack of some sequences, sorted, that asks for every token but the first ones."""
    nodes: dict[Tokens, int] = {}
    tokens, parents, targets = [], [], {}
    for sequence in sequences:
        for end in range(1, len(sequence) + 1):
            if sequence[:end] not in nodes:
                nodes[sequence[:end]] = len(tokens)
                tokens.append(sequence[end - 1])
                parents.append(nodes.get(sequence[: end - 1], -1))
            if end < len(sequence):
                targets[nodes[sequence[:end]], sequence[end]] = None
    return Pack(tokens=tuple(tokens), parents=tuple(parents), targets=tuple(targets))


def close(ones: list[Score], others: list[Score]) -> bool:
    return all(
        math.isclose(one.logprob, other.logprob, abs_tol=NAT)
        for one, other in zip(ones, others, strict=True)
    )


def test_a_card_says_what_runs(engine: Engine) -> None:
    card = engine.card()
    assert card.vocabulary > 1
    assert card.context > 1
    assert card.weights.startswith("sha256:")
    assert card.tokenizer.startswith("sha256:")


def test_a_text_survives_encoding(engine: Engine) -> None:
    text = "Hello, world! 1 + 1 = 2\n\nNaïve 漢字"
    assert engine.decode(engine.encode(text)) == text
    assert engine.decode(engine.encode(text, special=False)) == text


def test_the_token_of_the_beginning_comes_once(engine: Engine) -> None:
    plain = engine.encode("Hello", special=False)
    special = engine.encode("Hello")
    assert special in (plain, (engine.begin(), *plain))


def test_scores_of_a_tree_are_those_of_its_paths(engine: Engine) -> None:
    sequences = sorted((*engine.encode(text, special=False), 65, 66) for text in PATHS)
    pack = tree(sequences)
    (packed,) = engine.score(Group(prefix=(), packs=(pack,)))
    found = dict(zip(pack.targets, packed, strict=True))
    nodes: dict[Tokens, int] = {}
    paths: list[Tokens] = []
    for token, parent in zip(pack.tokens, pack.parents, strict=True):
        paths.append((paths[parent] if parent >= 0 else ()) + (token,))
        nodes[paths[-1]] = len(nodes)
    for sequence in sequences:
        scores = [found[nodes[sequence[:end]], sequence[end]] for end in range(1, len(sequence))]
        assert close(scores, alone(engine, sequence))


def test_a_prefix_computed_apart_changes_nothing(engine: Engine) -> None:
    sequence = engine.encode("Question: what is it?\nAnswer: nobody knows", special=False)
    whole = alone(engine, sequence)
    for length in (1, 5, len(sequence) - 2):
        rest = sequence[length:]
        pack = Pack(
            tokens=rest[:-1],
            parents=tuple(range(-1, len(rest) - 2)),
            targets=tuple(enumerate(rest[1:])),
        )
        (scores,) = engine.score(Group(prefix=sequence[:length], packs=(pack,)))
        assert close(list(scores), whole[length:])


def test_what_was_computed_before_changes_nothing(engine: Engine) -> None:
    prefix = engine.encode("one two three four five", special=False)
    pack = Pack(tokens=(70, 71), parents=(-1, 0), targets=((0, 71), (1, 72), (1, 73)))
    group = Group(prefix=prefix, packs=(pack,))
    (first,) = engine.score(group)
    for other in (prefix[:3], (*prefix[:2], 80, 81, 82), (), (*prefix, 90)):
        (elsewhere,) = engine.score(Group(prefix=other, packs=(pack,)))
        (again,) = engine.score(group)
        assert close(list(again), list(first))
        assert elsewhere != first


def test_packs_of_a_group_do_not_see_each_other(engine: Engine) -> None:
    prefix = engine.encode("alpha beta", special=False)
    one = Pack(tokens=(70, 71), parents=(-1, 0), targets=((1, 72),))
    other = Pack(tokens=(80, 81, 82), parents=(-1, -1, 1), targets=((2, 70), (0, 71)))
    apart = [next(iter(engine.score(Group(prefix=prefix, packs=(pack,))))) for pack in (one, other)]
    together = list(engine.score(Group(prefix=prefix, packs=(one, other))))
    turned = list(engine.score(Group(prefix=prefix, packs=(other, one))))
    for found in (together, turned[::-1]):
        assert all(close(list(a), list(b)) for a, b in zip(found, apart, strict=True))


def test_a_group_that_was_left_early_does_not_spoil_the_next(engine: Engine) -> None:
    prefix = engine.encode("alpha beta", special=False)
    pack = Pack(tokens=(70, 71), parents=(-1, 0), targets=((1, 72),))
    (expected,) = engine.score(Group(prefix=prefix, packs=(pack,)))
    scores = engine.score(Group(prefix=prefix, packs=(pack, pack)))
    next(scores)
    scores.close()  # type: ignore[attr-defined]
    (found,) = engine.score(Group(prefix=prefix, packs=(pack,)))
    assert close(list(found), list(expected))


def test_the_first_and_the_last_token_of_the_vocabulary_have_scores(engine: Engine) -> None:
    last = engine.card().vocabulary - 1
    pack = Pack(tokens=(0, last), parents=(-1, 0), targets=((0, 0), (0, last), (1, 0), (1, last)))
    (scores,) = engine.score(Group(prefix=(), packs=(pack,)))
    assert all(score.logprob <= 0 and math.isfinite(score.logprob) for score in scores)


def test_a_greedy_target_is_the_most_probable_one(engine: Engine) -> None:
    prompt = engine.encode("one two three", special=False)
    vocabulary = range(engine.card().vocabulary)
    node = len(prompt) - 1
    pack = Pack(
        tokens=prompt,
        parents=tuple(range(-1, node)),
        targets=tuple((node, token) for token in vocabulary),
    )
    (scores,) = engine.score(Group(prefix=(), packs=(pack,)))
    greedy = [token for token in vocabulary if scores[token].greedy]
    assert greedy == [max(vocabulary, key=lambda token: scores[token].logprob)]
    assert math.fsum(math.exp(score.logprob) for score in scores) == pytest.approx(1, abs=NAT)
    ((_, written),) = engine.generate([prompt], Sampling(most_tokens=1))
    assert written.text == engine.decode(greedy)


@pytest.mark.parametrize(
    "pack",
    [
        Pack(tokens=(), parents=(), targets=()),
        Pack(tokens=(1, 2), parents=(-1,), targets=()),
        Pack(tokens=(1, 2), parents=(-1, 1), targets=()),
        Pack(tokens=(1,), parents=(-1,), targets=((1, 5),)),
        Pack(tokens=(1 << 30,), parents=(-1,), targets=()),
        Pack(tokens=(-1,), parents=(-1,), targets=()),
        Pack(tokens=(1,), parents=(-1,), targets=((0, 1 << 30),)),
    ],
)
def test_a_pack_that_makes_no_sense_is_refused(engine: Engine, pack: Pack) -> None:
    with pytest.raises(EngineError):
        list(engine.score(Group(prefix=(), packs=(pack,))))


def test_a_group_without_packs_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError):
        list(engine.score(Group(prefix=(1,), packs=())))


def test_a_text_ends_before_the_stop_text(engine: Engine) -> None:
    prompt = engine.encode("Once upon a time", special=False)
    ((_, free),) = engine.generate([prompt], Sampling(most_tokens=12))
    stop = free.text[len(free.text) // 2 :][:2]
    ((_, stopped),) = engine.generate([prompt], Sampling(most_tokens=12, stop=("", stop)))
    assert stopped.text == free.text[: free.text.index(stop)]
    assert stopped.tokens <= free.tokens <= 12


def test_prompts_beside_each_other_are_answered_as_alone(engine: Engine) -> None:
    prompts = [engine.encode(f"The number {n} is", special=False) for n in range(11)]
    sampling = Sampling(most_tokens=3)
    together = dict(engine.generate(prompts, sampling))
    apart = [dict(engine.generate([prompt], sampling))[0] for prompt in prompts]
    assert [together[index] for index in range(len(prompts))] == apart


def test_the_same_seed_gives_the_same_text_and_another_one_does_not(engine: Engine) -> None:
    prompt = engine.encode("Once upon a time", special=False)

    def text(seed: int) -> str:
        sampling = Sampling(most_tokens=12, temperature=1.5, top_p=0.95, seed=seed)
        return next(iter(engine.generate([prompt], sampling)))[1].text

    texts = [text(seed) for seed in range(3)]
    assert text(0) == texts[0]
    assert len(set(texts)) > 1


def test_a_conversation_is_rendered_by_the_template(engine: Engine) -> None:
    text = engine.chat([{"role": "user", "content": "What is 1 + 1?"}])
    assert "user" in text
    assert "What is 1 + 1?" in text
