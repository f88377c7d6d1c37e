# SPDX-License-Identifier: Apache-2.0
"""Tests of permissions that hold for root as well: for the length of a block, be nobody."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def as_nobody():
    """Give up root's right to read everything, if it is root who runs the tests.

    Modules must have been imported before: nobody may not be allowed to read them.
    """
    if os.geteuid() != 0:
        yield
        return
    group = os.getegid()
    os.setegid(_NOBODY)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


@contextmanager
def reachable_folder():
    """Make a folder that nobody can reach, unlike pytest's own, and may write in."""
    folder = Path(tempfile.mkdtemp(prefix="steelyard-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        for inner, _, _ in os.walk(folder):
            Path(inner).chmod(0o777)
        shutil.rmtree(folder)
