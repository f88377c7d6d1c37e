# SPDX-License-Identifier: Apache-2.0
"""Made-up rows in the shape of public data sets, for lm-eval's own task files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COUNT = 24
WORDS = [
    "river",
    "stone",
    "lamp",
    "bread",
    "cloud",
    "wheel",
    "glass",
    "paper",
    "tower",
    "garden",
    "winter",
    "copper",
]


def word(number: int) -> str:
    """Return one of a dozen words."""
    return WORDS[number % len(WORDS)]


def some(number: int, count: int) -> list[str]:
    """Return different phrases; some hold quotes, digits or accents, as data does."""
    ends = ("", "'s edge", ' "so called"', " no. 4", " été", ", 1,200.50 of it")
    return [f"the {word(number + at)}{ends[(number + at) % len(ends)]}" for at in range(count)]


def line(number: int) -> str:
    """Return a sentence."""
    return f"A {word(number)} lay beside the {word(number * 5 + 3)} for {number % 7 + 1} days."


def choice(number: int, count: int = 4) -> dict[str, Any]:
    """Return options as many data sets keep them."""
    letters = list("ABCDE")[:count] if number % 5 else list("12345")[:count]
    return {
        "choices": {"text": some(number, count), "label": letters},
        "answerKey": letters[number % count],
    }


def rows(path: str, name: str) -> Iterator[dict[str, Any]]:  # noqa: C901 a table, in effect
    """Yield rows in the shape of a data set."""
    for n in range(COUNT):
        q, s = f" What holds the {word(n)}? ", line(n)
        match path.rpartition("/")[2]:
            case "ai2_arc" | "commonsense_qa":
                row = {"question": q, **choice(n, 5 if path.startswith("tau") else 4)}
                if path.startswith("tau"):
                    row["choices"]["label"] = list("ABCDE")
                    row["answerKey"] = "ABCDE"[n % 5]
            case "openbookqa":
                row = {"question_stem": q, **choice(n)}
                row["answerKey"] = f" {row['answerKey']}"
            case "hellaswag":
                row = {
                    "activity_label": "Reading",
                    "ctx_a": s,
                    "ctx_b": f"they [title] {word(n)}",
                    "endings": [f"[step] take  {each}" for each in some(n, 4)],
                    "label": str(n % 4),
                }
            case "piqa":
                a, b = some(n, 2)
                row = {"goal": s, "sol1": a, "sol2": b, "label": n % 2}
            case "winogrande":
                a, b = some(n, 2)
                row = {
                    "sentence": f"{s} It was _ that broke. ",
                    "option1": a,
                    "option2": b,
                    "answer": str(n % 2 + 1),
                }
            case "super_glue" | "glue":
                a, b = some(n, 2)
                row = {
                    "boolq": {"passage": s, "question": q.strip(" ?"), "label": n % 2},
                    "copa": {
                        "premise": s,
                        "question": ("cause", "effect")[n % 2],
                        "choice1": a.capitalize(),
                        "choice2": b.capitalize(),
                        "label": n % 2,
                    },
                    "wic": {
                        "sentence1": s,
                        "sentence2": line(n + 1),
                        "start1": 2,
                        "end1": 6,
                        "label": n % 2,
                    },
                    "cb": {"premise": s, "hypothesis": a, "label": n % 3},
                    "rte": {"sentence1": s, "sentence2": a, "label": n % 2},
                    "cola": {"sentence": s, "label": n % 2},
                    "sst2": {"sentence": s, "label": n % 2},
                    "mrpc": {"sentence1": s, "sentence2": a, "label": n % 2},
                    "qqp": {"question1": s, "question2": a, "label": n % 2},
                    "qnli": {"question": q, "sentence": a, "label": n % 2},
                }[name]
            case "sciq":
                a, b, c, d = some(n, 4)
                row = {
                    "support": f" {s}",
                    "question": q,
                    "distractor1": a,
                    "distractor2": b,
                    "distractor3": c,
                    "correct_answer": d,
                }
            case "siqa":
                a, b, c = some(n, 3)
                row = {
                    "context": s,
                    "question": q,
                    "answerA": a,
                    "answerB": b,
                    "answerC": c,
                    "label": str(n % 3 + 1),
                }
            case "blimp":
                row = {"sentence_good": s, "sentence_bad": line(n + 1)}
            case "mmlu":
                row = {"question": q, "choices": some(n, 4), "answer": n % 4}
            case "xcopa":
                a, b = some(n, 2)
                row = {
                    "premise": s,
                    "question": ("cause", "effect")[n % 2],
                    "choice1": a.capitalize(),
                    "choice2": b.capitalize(),
                    "label": n % 2,
                }
            case "belebele":
                a, b, c, d = some(n, 4)
                row = {
                    "flores_passage": s,
                    "question": q,
                    "mc_answer1": a,
                    "mc_answer2": b,
                    "mc_answer3": c,
                    "mc_answer4": d,
                    "correct_answer_num": str(n % 4 + 1),
                }
            case "truthful_qa" if name == "multiple_choice":
                kinds = {"mc1_targets": [1, 0, 0], "mc2_targets": [1, 1, 0, 0]}
                row = {
                    "question": q.strip(),
                    **{
                        kind: {"choices": some(n, len(labels)), "labels": labels}
                        for kind, labels in kinds.items()
                    },
                }
            case "crows_pairs_multilingual":
                row = {"sent_more": s, "sent_less": line(n + 1), "bias_type": "age"}
            case "anli":
                row = {"premise": s, "hypothesis": line(n + 1), "label": n % 3}
            case "lambada_openai" | "pile-10k" | "lambada":
                row = {"text": f"{s} {line(n + 1)}\n{line(n + 2)}".strip(".")}
            case "arithmetic":
                row = {
                    "context": f"Question: What is {n} plus 2?\nAnswer:",
                    "completion": f" {n + 2}",
                }
            case "gsm8k":
                row = {"question": s, "answer": f"It is so. <<1+1=2>>\n#### {n * 100:,}"}
            case "trivia_qa":
                row = {"question": q.strip(" ?"), "answer": {"aliases": some(n, 3), "value": "x"}}
            case "nq_open":
                row = {"question": q.strip(" ?"), "answer": some(n, 2)}
            case "bbh":
                row = {"input": s, "target": ("True", "no", "(A)", "yes")[n % 4]}
            case "hendrycks_ethics":
                row = {"input": s, "label": n % 2}
            case "wmt14" | "wmt16":
                a, b = name.split("-")
                row = {"translation": {a: s, b: f"{line(n + 1)} {word(n)}"}}
            case "KMMLU":
                a, b, c, d = some(n, 4)
                row = {"question": q, "A": a, "B": b, "C": c, "D": d, "answer": n % 4 + 1}
            case "mgsm":
                row = {
                    "question": s,
                    "answer": f"Step: {n}" if n % 3 else None,
                    "answer_number": n,
                }
            case "xnli":
                row = {"premise": s, "hypothesis": line(n + 1), "label": n % 3}
            case "xstory_cloze":
                row = {
                    **{f"input_sentence_{at}": line(n + at) for at in range(1, 5)},
                    "sentence_quiz1": line(n + 7),
                    "sentence_quiz2": line(n + 8),
                    "answer_right_ending": n % 2 + 1,
                }
            case "web_questions":
                row = {"question": q, "answers": some(n, 3)}
            case "mc_taco":
                row = {"sentence": s, "question": q, "answer": word(n), "label": n % 2}
            case "babi":
                row = {"passage": f"{s}\n", "question": q.strip(), "answer": word(n)}
            case "medmcqa":
                a, b, c, d = some(n, 4)
                row = {"question": q, "opa": a, "opb": b, "opc": c, "opd": d, "cop": n % 4}
            case "logiqa":
                row = {
                    "context": s,
                    "question": q,
                    "options": some(n, 4),
                    "label": "abcd"[n % 4],
                }
            case _:
                raise KeyError(path)
        yield row


def write(folder: Path, path: str, name: str, split: str) -> None:
    """Write a data set where both tools look for it."""
    file = folder / path / name / f"{split}.jsonl"
    if path.startswith("hf://"):
        file = folder / path.removeprefix("hf://datasets/")
        path = "arithmetic"
    file.parent.mkdir(parents=True, exist_ok=True)
    shift = 0 if split in {"test", "validation"} else 5
    made = list(rows(path, name))
    texts = [json.dumps(row, ensure_ascii=False) + "\n" for row in made[shift:] + made[:shift]]
    file.write_text("".join(texts), encoding="utf-8")
