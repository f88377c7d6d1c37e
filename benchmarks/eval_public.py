# SPDX-License-Identifier: Apache-2.0
"""lm-eval's own task files, read by both: the same requests, the same values for the same answers.

    python -m benchmarks.eval_public --lm-eval VENV/bin/python --tasks-from VENV/.../lm_eval

The rows are made up in the shape of each data set (`eval_rows.py`), so nothing is downloaded. The
tasks are of all four kinds of output, with and without functions, examples, filters and groups.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.eval_requests import differences, keep, theirs
from benchmarks.eval_rows import write
from benchmarks.lm_eval_side import chat
from steelyard.evals.tasks.host import functions
from steelyard.evals.tasks.index import index_of, root_of
from steelyard.evals.tasks.library import select
from steelyard.evals.tasks.opening import Surroundings, open_task
from steelyard.evals.tasks.settings import Settings

TASKS = [
    "arc_easy",
    "arc_challenge",
    "openbookqa",
    "commonsense_qa",
    "hellaswag",
    "piqa",
    "winogrande",
    "boolq",
    "copa",
    "wic",
    "rte",
    "cola",
    "sst2",
    "mrpc",
    "qqp",
    "qnli",
    "sciq",
    "social_iqa",
    "blimp_adjunct_island",
    "mmlu_anatomy",
    "mmlu_formal_logic",
    "mmlu_anatomy_generative",
    "xcopa_et",
    "xcopa_zh",
    "belebele_eng_Latn",
    "truthfulqa_mc1",
    "truthfulqa_mc2",
    "crows_pairs_english",
    "anli_r1",
    "lambada_openai",
    "lambada_openai_cloze_yaml",
    "arithmetic_1dc",
    "pile_10k",
    "gsm8k",
    "gsm8k_cot",
    "gsm8k_cot_self_consistency",
    "triviaqa",
    "nq_open",
    "bbh_zeroshot_boolean_expressions",
    "bbh_zeroshot_navigate",
    "bbh_fewshot_navigate",
    "bbh_cot_fewshot_causal_judgement",
    "ethics_cm",
    "wmt14-en-fr",
    "wmt16-de-en",
    "kmmlu_direct_accounting",
    "mgsm_direct_en",
    "xnli_en",
    "xstorycloze_en",
    "webqs",
    "mc_taco",
    "babi",
    "medmcqa",
    "logiqa",
]


def main(arguments: list[str]) -> int:
    """Compare, and print a line for each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lm-eval", type=Path, required=True, help="python of its environment")
    parser.add_argument("--tasks-from", type=Path, required=True, help="its package or checkout")
    parser.add_argument("--limit", type=int, default=12)
    parser.add_argument("--num-fewshot", type=int)
    parser.add_argument("--chat", action="store_true")
    parser.add_argument("--multiturn", action="store_true")
    parser.add_argument("tasks", nargs="*", default=TASKS)
    args = parser.parse_args(arguments)
    selection = select(args.tasks, index_of([root_of(args.tasks_from)]))
    with tempfile.TemporaryDirectory() as name, functions() as call:
        folder = Path(name)
        for chosen in selection.tasks:
            config = chosen.definition.config
            files = config.dataset_kwargs.get("data_files", {})
            for split in {
                config.training_split,
                config.validation_split,
                config.test_split,
                config.fewshot.split,
            } - {None}:
                write(
                    folder,
                    files.get(split) or config.dataset_path,
                    config.dataset_name or "",
                    split,
                )
        told = theirs(
            args.lm_eval,
            {
                "data": name,
                "include": None,
                "defaults": True,
                "rows": name,
                "tasks": [each.name for each in selection.tasks],
                "settings": {
                    "limit": args.limit,
                    "num_fewshot": args.num_fewshot,
                    "apply_chat_template": args.chat,
                    "fewshot_as_multiturn": args.multiturn,
                },
            },
        )
        settings = Settings(
            limit=args.limit, num_fewshot=args.num_fewshot, multiturn=args.multiturn
        )
        around = Surroundings(
            data=folder, call=call, settings=settings, chat=chat if args.chat else None
        )
        differing = requests = 0
        for chosen in selection.tasks:
            task = open_task(chosen.definition, around)
            delimiter = chosen.definition.config.fewshot_delimiter
            found = list(differences(task, told[task.id], {"fewshot_delimiter": delimiter}))
            requests += len(told[task.id]["requests"][task.id])
            differing += bool(found)
            print(f"{task.id:40} {task.output:22} {'the same' if not found else found[0]}")
    keep("eval-public", len(selection.tasks), requests, differing)
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
