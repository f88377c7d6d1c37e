# SPDX-License-Identifier: Apache-2.0
"""Which files hold licence texts, and of what: of the model or of the code beside it."""

import re
from typing import Literal

from steelyard.core.patterns import late

About = Literal["model", "code", "unclear", "policy", "notice"]
"""The weights | code beside them | either | limits on use | notices that go along."""

_LICENCE = late(
    r"licen[cs](?:e|es|ing)(?![a-z])|^copying|^eula\b|terms[ _-]of[ _-](?:use|service)",
    re.IGNORECASE,
)
_POLICY = late(r"(?:use|usage)[ _-]?policy|prohibited[ _-]use|use[ _-]restrictions", re.IGNORECASE)
_NOTICE = late(r"^notices?(?![a-z])", re.IGNORECASE)
_MODEL = late(r"model|weight|agreement|checkpoint", re.IGNORECASE)
_CODE = late(r"(?<![a-z])code(?![a-z])|third[ _-]?part|3rd|vendor", re.IGNORECASE)
_CODE_FOLDER = late(
    r"(?:^|/)(?:code|examples|lib|node_modules|scripts|site-packages|src|third[_-]?party|tools"
    r"|vendor(?:ed)?)/",
    re.IGNORECASE,
)
_NO_TEXT = late(
    r"\.(?:bin|c|cc|cfg|cpp|css|csv|cu|go|gguf|h|hpp|ini|ipynb|java|jsonl?|js|lock|onnx|pkl|pt|pth"
    r"|pyc?|pyi|rb|rs|safetensors|sh|sql|toml|ts|tsv|xml|ya?ml)$",
    re.IGNORECASE,
)


def about(where: str) -> About | None:
    """Return what the file at a place says terms of, by its name; None where it is no licence file.

    Example:
        >>> about("Tongyi Qianwen LICENSE AGREEMENT"), about("code/LICENSE"), about("licence.py")
        ('model', 'code', None)
    """
    path = where.rpartition("!")[2]
    name = path.rpartition("/")[2]
    if _NO_TEXT.search(name):
        return None
    if _NOTICE.match(name):
        return "notice"
    if _POLICY.search(name):
        return "policy"
    if not _LICENCE.search(name):
        return None
    if _CODE.search(name) or _CODE_FOLDER.search(path):
        return "code"
    return "model" if _MODEL.search(name) else "unclear"
