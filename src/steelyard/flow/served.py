# SPDX-License-Identifier: Apache-2.0
"""A model behind an address as a subject: there are no files, so its name there is all it has."""

from steelyard.core.digest import digest_of
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.policy import Policy

ENDPOINT = "endpoint"
"""The kind of such a subject."""


def served(url: str, model: str, policy: Policy) -> Dossier:
    """Return the dossier of a model behind an address before anything is asked of it.

    Args:
        url: Address of the server's interface; with or without `/` at its end it is the same.
        model: Name of the model there.
        policy: Judges that nothing is known.
    """
    identity = Identity(
        kind=ENDPOINT,
        name=f"{model} at {url}",
        digest=digest_of({"url": url.rstrip("/"), "model": model}),
        artifacts=(),
    )
    return Dossier(subject=identity, evidence=(), verdict=policy.judge(()))
