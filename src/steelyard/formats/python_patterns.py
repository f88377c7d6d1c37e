# SPDX-License-Identifier: Apache-2.0
"""Texts inside code that say what it is after; patterns are compiled when first needed."""

import re

_FETCH = r"\b(?:curl|wget|iwr|invoke-webrequest)\b"
_INTERPRETER = r"(?:sudo\s+)?(?:\S*/)?(?:ba|z|da|k)?sh\b|python\d?\b|perl\b|iex\b|chmod\b|\./"
_FETCH_AND_RUN = (
    rf"(?is){_FETCH}.{{0,2000}}?(?:\||;|&&)\s*(?:{_INTERPRETER})|(?:\$\(|<\(|`)\s*{_FETCH}"
)
_VARIABLE = (
    r"(?i)TOKEN(?!IZER)|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|^AWS_|^AZURE_"
)
_KEPT_AT = (
    r"(?i)\.ssh\b|\.aws\b|/etc/(?:passwd|shadow)|\.netrc|id_rsa|id_ed25519|\.git-credentials|\.kube\b"
    r"|huggingface/(?:token|stored_tokens)|\.docker/config|\.npmrc|\.pypirc|/proc/self/environ"
    r"|\.bash_history|Login Data|wallet\.dat"
)
_DECODING = r"(?:base64|binascii|codecs|zlib|gzip|bz2|lzma|marshal|pickle)\.|\.fromhex$"


def fetches_and_runs(text: str) -> bool:
    """Tell whether a shell command hands what it downloads to an interpreter."""
    return re.search(_FETCH_AND_RUN, text) is not None


def names_secret(text: str) -> bool:
    """Tell whether an environment variable holds a secret, by its name."""
    return re.search(_VARIABLE, text) is not None


def is_secret_path(text: str) -> bool:
    """Tell whether a text names a place where credentials are kept."""
    return re.search(_KEPT_AT, text) is not None


def decodes(origin: str) -> bool:
    """Tell whether a callable decodes or unpacks what it is given, by its dotted name."""
    return re.search(_DECODING, origin) is not None
