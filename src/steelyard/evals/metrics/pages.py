# SPDX-License-Identifier: Apache-2.0
"""Manual pages of the metrics: what each measures, and what it does not."""

from collections.abc import Mapping

_OPTIONS = """Its interval is Wilson's; where samples hang together they count as fewer. A model that guesses gets one
over the number of options."""

PAGES: Mapping[str, tuple[str, str]] = {
    "acc": (
        "Share of questions whose likeliest option is right",
        f"""
The model does not write: each option is scored as what could follow the question, by the sum of the
log-probabilities of its tokens, and the likeliest is its pick. {_OPTIONS}

A sum favours short options; `acc_norm` divides it by their length. For `loglikelihood` tasks it is the
share of texts of which every token was the likeliest.
""",
    ),
    "acc_norm": (
        "As `acc`, each option's log-probability divided by its characters",
        f"""
For tasks whose options differ in length, such as HellaSwag. {_OPTIONS}
""",
    ),
    "acc_bytes": (
        "As `acc`, each option's log-probability divided by its bytes in UTF-8",
        f"""
As `acc_norm`, and fairer between scripts of several bytes a character. {_OPTIONS}
""",
    ),
    "acc_mutual_info": (
        "As `acc`, less what the option gets without the question",
        f"""
The log-probability of the option behind the question, less that behind nothing: an option that is
likely anywhere gains nothing from it. Each option is scored twice. {_OPTIONS}
""",
    ),
    "exact_match": (
        "Share of answers that are the right text",
        """
The answer as the filter behind the comma left it (`exact_match,strict`) is compared with the right one,
character by character; the task may have case, punctuation, numbers or patterns ignored. What the
filter read in each answer stands in the samples: an answer that is right in other words, or in another
place, is wrong here.
""",
    ),
    "f1": (
        "F1 of the picked options against the right ones",
        """
Of a choice between two: precision and recall of the picks, with the option 1 as the positive one. It is
no mean of samples, so its interval is a bootstrap.
""",
    ),
    "mcc": (
        "Matthews correlation of the picked options with the right ones",
        """
-1 to 1; 0 is what guessing gets, whatever the shares of the options. Its interval is a bootstrap.
""",
    ),
    "likelihood": (
        "What the options got, for tasks that make something of it",
        """
The log-probabilities themselves with the right option; a task's own function makes a number of them.
""",
    ),
    "brier_score": (
        "Mean squared distance of the options' probabilities from the right answer",
        """
The probabilities of the options, made to sum to one, against 1 for the right one and 0 for the others.
Less is better: a sure wrong pick costs most.
""",
    ),
    "perplexity": (
        "How surprised the model is by the right texts, each text counted once",
        """
e to the negative mean log-probability of a text. Less is better. Texts of other lengths, and models of
other tokenizers, are not comparable; use `bits_per_byte` for those.
""",
    ),
    "word_perplexity": (
        "How surprised the model is, by words",
        """
e to the negative log-probability of all texts over their words, parted at white space. Less is better.
It does not depend on the tokenizer, and says little of languages that do not part words.
""",
    ),
    "byte_perplexity": (
        "How surprised the model is, by bytes",
        """
As `word_perplexity`, over the bytes of the texts in UTF-8. Less is better.
""",
    ),
    "bits_per_byte": (
        "How many bits the model needs for a byte of text",
        """
The negative log-probability of all texts in bits, over their bytes in UTF-8: what an ideal compressor
with this model would reach. Less is better. It compares models of different tokenizers.
""",
    ),
    "bleu": (
        "Overlap of word sequences with a reference, over the whole corpus",
        """
BLEU as sacrebleu computes it, 0 to 100: sequences of one to four words, with a penalty for brevity.
Made for translation; of a single sentence it says little. `bleu_max`, `bleu_acc` and `bleu_diff` of
TruthfulQA are likeness to the nearest true answer, how often that is more than to any false one, and by
how much.
""",
    ),
    "chrf": (
        "Overlap of character sequences with a reference, over the whole corpus",
        """
chrF as sacrebleu computes it, 0 to 100: the F-score of sequences of one to six characters. It is kinder
than BLEU to languages that bend their words.
""",
    ),
    "chrf++": (
        "As `chrf`, with single words and pairs of words",
        """
chrF++ as sacrebleu computes it, 0 to 100.
""",
    ),
    "ter": (
        "How many edits make a reference of the answer, over its words",
        """
Translation edit rate as sacrebleu computes it: insertions, deletions, replacements and shifts of blocks
for each 100 words of the reference. Less is better, and it may exceed 100.
""",
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
    "rouge": (
        "ROUGE: words (1), pairs of words (2), or words in order (L) in common",
        "From 0 to 100, F1 as rouge-score 0.1.2 without stemming; `rouge1_max`, `rouge1_acc`,"
        " `rouge1_diff` and so on as for `metric.bleu`. Only the letters a to z and digits count:"
        " other scripts score 0.\n\nSource: Lin 2004, ACL W04-1013.",
    ),
    "bypass": (
        "No metric: the task only records answers",
        """
It is 999, as in lm-evaluation-harness, so that nobody takes it for a score.
""",
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
        "What a text costs in a language",
        """
Tokens over characters of the options, of tasks in one language. More tokens for the same text cost
more time and money and leave less room in the context, for the speakers of that language.
""",
    ),
    "tokens.computed": (
        "Tokens of prompts that the engine computed in a run",
        """
`tokens.minimum` is the least that any order of work computes, `tokens.naive` what each request by itself
would take. What was known from earlier runs is not computed again, so it may be less than the minimum.
`tokens.written` are tokens that were generated, `tokens.prompts` those of the prompts they answer,
common beginnings once. On a server characters stand for tokens.
""",
    ),
    "energy.joules": (
        "What a run drew, as an interval",
        """
By `energy.method`: `rapl` are the counters of the processor package, with all else that ran on it as the
upper end; `cpu-time` is processor time times 1 to 12 W for a busy thread, which is wide and is meant to
be. `energy.joules_per_1000_tokens` and `cpu.seconds_per_1000_tokens` divide by tokens read and written.
Of a model that ran on a server it is not known.
""",
    ),
}
"""Title and page of each metric, by name."""
