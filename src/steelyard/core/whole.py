# SPDX-License-Identifier: Apache-2.0
"""Write files as a whole: each is complete, or it is not there."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, in place of the one that is there if any, whatever ends the process meanwhile.

    Args:
        path: The file, in a folder that is there.
        data: All of it.

    Raises:
        OSError: It cannot be written; what was there before stays.
    """
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o666 & ~_umask())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
