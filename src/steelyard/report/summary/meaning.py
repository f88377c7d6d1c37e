# SPDX-License-Identifier: Apache-2.0
"""What a verdict does not mean, and what to do next."""

from steelyard.core.dossier import Dossier
from steelyard.core.policy import Policy
from steelyard.report.summary.groups import findings
from steelyard.report.summary.text import brief, shown


def caveats(dossier: Dossier, policy: Policy | None) -> list[tuple[str, str]]:
    """Return what the verdict does not mean: a few words each, and a sentence or two.

    Args:
        dossier: Whose verdict.
        policy: What `verdict.policy_of` returns.
    """
    name = brief(dossier.verdict.policy)
    stands_for = f" stands for this: {shown(policy.title)}" if policy else " is not built in"
    return [
        (
            "It is about these bytes",
            "The verdict holds for the digest above and for nothing else. Files that a loader "
            "fetches from elsewhere, and any later revision, are other bytes.",
        ),
        (
            "The model was read, not run",
            "How it behaves (wrong, biased or harmful answers, a trigger hidden in its weights) "
            "cannot be seen in its files.",
        ),
        (
            "Only the policy was asked",
            f"The policy {name}{stands_for}. Of anything else the verdict says nothing.",
        ),
        (
            "No finding is no proof",
            "Probes know what is known of attacks. What they could not read is listed as not "
            "assessed; what nobody has thought of yet is listed nowhere.",
        ),
        (
            "It is no legal advice",
            "What is said of licences is what texts and labels declare, as far as they were read.",
        ),
    ]


def next_step(dossier: Dossier) -> list[str]:
    """Return the commands that lead on from a dossier, the most useful first."""
    subject = dossier.subject.digest[: len("sha256:") + 12]
    steps = [f"steelyard report {subject} --as html -o report.html"]
    groups = findings(dossier, {})
    if groups:
        steps.insert(0, f"steelyard explain {brief(groups[0].rule)}")
    return steps
