# SPDX-License-Identifier: Apache-2.0
"""Run lm-evaluation-harness on local tasks, and write what it asked, answered and spent.

Started by benchmarks.eval_cost with the Python of lm-eval's own environment: nothing of this
package is imported. Its answers to every request go to OUT/requests.jsonl, its cost to OUT/cost.json.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import time


def measured(lm, meter):
    """Make `lm.loglikelihood` count its processor time and keep its requests with their answers."""
    inner = lm.loglikelihood

    def outer(requests, **rest):
        before = time.process_time()
        answers = inner(requests, **rest)
        meter["scoring_cpu_s"] += time.process_time() - before
        for request, (logprob, greedy) in zip(requests, answers, strict=True):
            context, text = request.args
            place = {"task": request.task_name, "item": request.doc_id, "option": request.idx}
            answer = {"logprob": logprob, "greedy": bool(greedy)}
            meter["rows"].append({**place, "context": context, "text": text, **answer})
        return answers

    lm.loglikelihood = outer


def main():
    """Evaluate, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--model", "--data", "--out"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve(), required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("tasks", nargs="+")
    options = parser.parse_args()

    import lm_eval
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    os.chdir(options.data)  # the paths in the task files are relative to it
    torch.set_num_threads(1)
    lm = HFLM(
        pretrained=str(options.model),
        dtype=options.dtype,
        device="cpu",
        batch_size=options.batch,
    )
    meter = {"scoring_cpu_s": 0.0, "tokens": 0, "rows": []}

    def count(_model, arguments, named, _output):
        ids = named["input_ids"] if "input_ids" in named else arguments[0]
        meter["tokens"] += ids.numel()

    lm.model.register_forward_hook(count, with_kwargs=True)
    measured(lm, meter)
    manager = TaskManager(include_path=str(options.data / "tasks"), include_defaults=False)
    before = time.process_time()
    lm_eval.simple_evaluate(
        model=lm,
        tasks=options.tasks,
        task_manager=manager,
        limit=options.limit,
        bootstrap_iters=0,
        log_samples=False,
    )
    cost = {
        "cpu_s": time.process_time() - before,
        "scoring_cpu_s": meter["scoring_cpu_s"],
        "tokens": meter["tokens"],
        "version": importlib.metadata.version("lm_eval"),
        "torch": torch.__version__,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "requests.jsonl").open("w", encoding="utf-8") as sink:
        sink.writelines(json.dumps(row) + "\n" for row in meter["rows"])
    (options.out / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


if __name__ == "__main__":
    main()
