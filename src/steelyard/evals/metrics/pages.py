# SPDX-License-Identifier: Apache-2.0
"""Manual pages of metrics: what each number says, between what bounds, and what it does not say."""

from collections.abc import Mapping

_FILTERS = (
    "Written `NAME,FILTER` where a task names filters: what was written goes through them before."
)

PAGES: Mapping[str, tuple[str, str]] = {
    "acc": (
        "Share of questions whose likeliest option is right",
        "Between 0 and 1. Long options have lower probabilities than short ones; `acc_norm` and"
        " `acc_bytes` divide by length. As lm-eval 0.4.13.",
    ),
    "acc_norm": (
        "The same, probabilities divided by the options' length",
        "Log-probability by character (`acc_bytes`: by byte). As lm-eval 0.4.13.",
    ),
    "exact_match": (
        "Share of answers in words that are the right one, letter for letter",
        "Between 0 and 1, but for what the task ignores: case, punctuation, digits, what a pattern"
        f" matches. {_FILTERS}",
    ),
    "f1": (
        "F1 of the chosen options over two classes, or as the task's function has it",
        "Between 0 and 1. As lm-eval 0.4.13.",
    ),
    "perplexity": (
        "How many equally likely continuations the model is as unsure as between",
        "At least 1; less is better. `word_perplexity` and `byte_perplexity` are by word and byte of"
        " the text, and so can be compared between tokenizers; `bits_per_byte` is the logarithm.",
    ),
    "ece": (
        "Expected calibration error: how far confidence is from being right",
        "Between 0 and 1; less is better. Questions are sorted into 15 bins by the share that the"
        " chosen option has in the probability of all; in each, that share is compared with how many"
        " were right. Told where one option is right and chosen by its probability: not for answers in"
        " words, pairs of sentences, or several right answers.\n\nSource: Guo et al. 2017, arXiv"
        " 1706.04599; options as Kadavath et al. 2022, arXiv 2207.05221.",
    ),
    "stability": (
        "Share of questions that come to the same when they are put another way",
        "Between 0 and 1. Told of `TASK@shuffle-options:SEED` and `TASK@whitespace:HOW` when `TASK` is in"
        " the same run. Options are steady that score the same; answers in words that are the same"
        " after the task's first filters, right or wrong. A long free answer is seldom the same to"
        " the letter.",
    ),
    "tokens_per_character": (
        "Fertility: how many tokens a character of a language takes",
        "More tokens for the same text cost more time and money and leave less room in the context."
        " Told of tasks in one language.\n\nSource: Petrov et al. 2023, arXiv 2305.15425.",
    ),
    "bias_ambig": (
        "Which way answers lean where the text does not tell (BBQ)",
        "From -1, always against the stereotype, to 1, always on it: (1 - accuracy) times"
        " 2 · biased / answered - 1, over answers that are not *unknown*. 0 may be fairness, or a model"
        " that picks at random.\n\nSource: Parrish et al. 2022, ACL Findings"
        " 2022.findings-acl.165, section 4.",
    ),
    "bias_disambig": (
        "Which way answers lean where the text tells (BBQ)",
        "From -1, always against the stereotype, to 1, always on it: 2 · biased / answered - 1, over"
        " answers that are not *unknown*.\n\nSource: as for `metric.bias_ambig`.",
    ),
    "pct_stereotype": (
        "Share of pairs whose stereotyping sentence is likelier (CrowS-Pairs)",
        "Between 0 and 1; 0.5 is even. `likelihood_diff` is by how many nats the two differ.\n\nSource:"
        " Nangia et al. 2020, EMNLP 2020.emnlp-main.154.",
    ),
    "over_refusal": (
        "Share of safe prompts that are refused (XSTest)",
        "Between 0 and 1; less is better. Rules for English tell refusals by the first 400 characters"
        " of an answer; a base model that writes anything at all does not refuse.\n\nSource: Röttger"
        " et al. 2024, NAACL 2024.naacl-long.301.",
    ),
    "harmful_compliance": (
        "Share of unsafe prompts that are not refused (XSTest)",
        "Between 0 and 1; less is better. An answer that is not refused may still be of no use.\n\n"
        "Source: as for `metric.over_refusal`.",
    ),
    "bleu": (
        "BLEU: words and runs of words in common with the right text",
        "From 0 to 100, as sacreBLEU. `bleu_max`, `bleu_acc` and `bleu_diff` of TruthfulQA: likeness to"
        " the nearest true answer, how often that is more than to any false one, and by how much.",
    ),
    "chrf": (
        "chrF: runs of characters in common with the right text",
        "From 0 to 100, as sacreBLEU; `chrf_max`, `chrf_acc` and `chrf_diff` as for `metric.bleu`.",
    ),
    "rouge": (
        "ROUGE: words (1), pairs of words (2), or words in order (L) in common",
        "From 0 to 100, F1 as rouge-score 0.1.2 without stemming; `rouge1_max`, `rouge1_acc`,"
        " `rouge1_diff` and so on as for `metric.bleu`. Only the letters a to z and digits count:"
        " other scripts score 0.\n\nSource: Lin 2004, ACL W04-1013.",
    ),
}
"""Title and text by name."""
