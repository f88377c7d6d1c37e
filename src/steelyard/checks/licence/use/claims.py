# SPDX-License-Identifier: Apache-2.0
"""What is claimed of a use: an answer for each action, its reasons, duties, conditions and doubts."""

from collections.abc import Iterator

import msgspec

from steelyard.checks.licence.use.actions import Action
from steelyard.checks.licence.use.doubts import doubts
from steelyard.checks.licence.use.duties import descriptor, ready
from steelyard.checks.licence.use.found import Condition, Found, Owed, Reason
from steelyard.checks.licence.use.ruling import Rulings
from steelyard.core.claim import Claim, Fact, Finding
from steelyard.knowledge.answers import rank
from steelyard.knowledge.licence import licence
from steelyard.knowledge.licence_page import NOT_ADVICE, READ_WORDS
from steelyard.knowledge.terms import May

THIS_MODEL = "this model"
"""How a way through the graph begins."""


def claims(found: Rulings) -> Iterator[Claim]:
    """Yield the claims, in the order of the actions."""
    given = {key: value for key, value in _plain(found.situation.use).items() if value is not None}
    yield Fact(name="use.profile", value=given)
    for action, answer in found.answers.items():
        yield Fact(name=f"use.{action}", value=answer.may)
    for action, answer in found.answers.items():
        yield Fact(name=f"use.because.{action}", value=_because(answer))
    yield Fact(name="use.commercial", value=found.commercially)
    yield Fact(name="use.eu", value=found.in_eu)
    yield from _conditions(found)
    for owed, actions in found.duties.items():
        yield Fact(name="use.duty", value={**_owed(owed), "actions": list(actions)})
        yield _duty(owed, actions)
    yield from doubts(found)


def decisive(found: Found) -> Reason:
    """Return the reason that decides: the worst; of an answer that hangs on duties, the first duty."""
    first = found.reasons[0]
    if first.may == found.may:
        return _most_telling(found)
    if found.duties:
        return _because_due(found)
    held = next((one for one in found.conditions if one.open), None)
    if held is None:
        return first
    return Reason(
        may=found.may, topic=held.name, licence=held.licence, section=held.section, why=held.text
    )


def _because_due(found: Found) -> Reason:
    owed = found.duties[0]
    names = dict.fromkeys(duty.duty.replace("_", " ") for duty in found.duties)
    return Reason(
        may=found.may,
        topic="duty",
        licence=owed.licence,
        section=owed.section,
        why=f"with {'a duty' if len(names) == 1 else 'duties'}: {', '.join(names)}",
        path=owed.path,
        presumed=owed.presumed,
    )


def _most_telling(found: Found) -> Reason:
    """Return, of the worst reasons, the first that says why, or else the one about the action itself."""
    worst = [reason for reason in found.reasons if reason.may == found.may]
    told = [reason for reason in worst if reason.why]
    special = [reason for reason in worst if reason.topic not in ("use", "commercial")]
    return (told or special or worst)[0]


def _because(found: Found) -> dict[str, object]:
    reason = decisive(found)
    terms = licence(reason.licence)
    return {
        "answer": found.may,
        "answers": _by_licence(found),
        "as_of": terms.as_of if terms else "",
        "conditions": [_plain(one) for one in found.conditions],
        "do": [duty.id for duty in found.duties],
        "licence": reason.licence,
        "note": NOT_ADVICE,
        "path": [THIS_MODEL, *reason.path],
        "presumed": reason.presumed,
        "read": READ_WORDS[terms.read] if terms else "",
        "section": reason.section,
        "why": reason.why,
    }


def _by_licence(found: Found) -> dict[str, May]:
    """Return the answer that each licence leaves; under the empty name what no text says."""
    answers: dict[str, May] = {}
    for reason in found.reasons:
        known = answers.get(reason.licence, "yes")
        answers[reason.licence] = known if rank(known) <= rank(reason.may) else reason.may
    hangs = [duty.licence for duty in found.duties]
    hangs += [condition.licence for condition in found.conditions if condition.open]
    for id in hangs:
        if answers.get(id, "yes") == "yes":
            answers[id] = "if"
    return dict(sorted(answers.items()))


def _conditions(found: Rulings) -> Iterator[Fact]:
    seen: dict[Condition, list[Action]] = {}
    for action, answer in found.answers.items():
        for condition in answer.conditions:
            seen.setdefault(condition, []).append(action)
    for teacher in found.teachers:
        seen[_of_teacher(teacher.node.id)] = list(found.answers)
    for condition, actions in seen.items():
        yield Fact(name="use.condition", value={**_plain(condition), "actions": actions})


def _of_teacher(name: str) -> Condition:
    """Return that the terms of a teacher matter; no answer hangs on it, for it binds who trained."""
    text = (
        f"the terms of {name!r}, on whose outputs it is said to be trained, are not known; they may bar"
        " training other models on outputs"
    )
    return Condition(name="teacher", licence="", section="", text=text, open=False)


def _duty(owed: Owed, actions: tuple[Action, ...]) -> Finding:
    kind = descriptor(owed.duty)
    terms = licence(owed.licence)
    also = f", as does {' and '.join(owed.also)}" if owed.also else ""
    read = f"; {READ_WORDS[terms.read]}, facts as of {terms.as_of}" if terms else ""
    needs = ", ".join(action.replace("_", " ") for action in actions)
    message = (
        f"{owed.id}: {ready(owed)} (section {owed.section or 'not known'}{also};"
        f" needed to {needs}{read})"
    )
    if owed.presumed:
        message += f"; presumed from the base id {owed.path[-1]!r}"
    return kind.at("", message, trail=_way(owed.path))


def _way(path: tuple[str, ...]) -> tuple[str, ...]:
    return (" <- ".join((THIS_MODEL, *path)),) if path else ()


def _owed(owed: Owed) -> dict[str, object]:
    terms = licence(owed.licence)
    return {
        **_plain(owed),
        "as_of": terms.as_of if terms else "",
        "id": owed.id,
        "name": terms.name if terms else owed.licence,
        "read": READ_WORDS[terms.read] if terms else "",
        "words": ready(owed),
    }


def _plain(value: object) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(value)
    return made
