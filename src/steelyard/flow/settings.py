# SPDX-License-Identifier: Apache-2.0
"""A project's own settings: `steelyard.toml`."""

from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

from steelyard.core.digest import Digest, digest_bytes
from steelyard.core.errors import UsageError
from steelyard.core.use import Use
from steelyard.flow.overrule import Override
from steelyard.flow.profile import profile

FILE_NAME = "steelyard.toml"

_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
_Reason = Annotated[str, msgspec.Meta(min_length=1)]


class Suppression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that somebody looked at and accepted, for a while.

    Attributes:
        file: Digest of the file it is about: another content is another finding.
        rule: Id of the finding's rule.
        reason: Why it is accepted, and by whom.
        until: Last day on which it counts.
    """

    file: _Sha256
    rule: str
    reason: _Reason
    until: date


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `steelyard.toml` may hold.

    Attributes:
        suppress: Accepted findings.
        use: What somebody means to do with the models; None where it does not say.
        override: What a person decided in place of the texts' answers.
        digest: Digest of the file; empty where there is none.
    """

    suppress: tuple[Suppression, ...] = ()
    use: Use | None = None
    override: tuple[Override, ...] = ()
    digest: Digest = ""


NOTHING_SET = Settings()


def settings(path: Path | None = None) -> Settings:
    """Return the settings of a file, or of the `steelyard.toml` in the current folder if it is there.

    Raises:
        UsageError: The named file cannot be read, or is none of ours.
    """
    wanted = path or Path(FILE_NAME)
    try:
        data = wanted.read_bytes()
    except FileNotFoundError as error:
        if path is None:
            return NOTHING_SET
        raise UsageError(f"there is no {str(path)!r}", hint="check the path") from error
    except OSError as error:
        raise UsageError(f"cannot read {str(wanted)!r}: {error.strerror}") from error
    return read(data, str(wanted))


def read(data: bytes, origin: str) -> Settings:
    """Return the settings that a TOML document holds.

    Args:
        data: The document.
        origin: Where it comes from, for messages.

    Raises:
        UsageError: It is no TOML, or holds something else.
    """
    import tomllib

    try:
        values = tomllib.loads(data.decode("utf-8"))
        use = values.pop("use", None)
        found = msgspec.convert(values, Settings)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{origin!r}: {error}",
            hint="each [[suppress]] names file, rule, reason and until = YYYY-MM-DD; each"
            " [[override]] action, answer, reason, date and by",
        ) from error
    if use is not None and not isinstance(use, dict):
        raise UsageError(f"{origin!r}: 'use' is no table", hint="write [use] on a line of its own")
    return msgspec.structs.replace(
        found,
        use=None if use is None else profile(use, origin),
        digest=digest_bytes(data),
    )
