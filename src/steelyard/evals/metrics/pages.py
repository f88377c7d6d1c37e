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
Made for translation; of a single sentence it says little.
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
    "bypass": (
        "No metric: the task only records answers",
        """
It is 999, as in lm-evaluation-harness, so that nobody takes it for a score.
""",
    ),
    "ece": (
        "How far a model's confidence is from its accuracy",
        """
Expected calibration error of a multiple choice. The confidence of a pick is its share in the
probability of all options; picks are sorted into 15 bins of equal width by confidence, and it is the mean distance
between confidence and accuracy of the bins. Less is better, 0 is best. It comes with every multiple
choice, though no task asks for it; with few samples it is too large.
""",
    ),
    "stability": (
        "Share of questions that score the same when put another way",
        """
Ask a task in another way in the same run, `--task arc_easy,arc_easy@shuffle-options:7`. Less than 1
means that picks hang on the order of the options or on white space, not on their sense.
""",
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
