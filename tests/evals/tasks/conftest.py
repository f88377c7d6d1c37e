# SPDX-License-Identifier: Apache-2.0
"""A folder of tasks and data for each test."""

from pathlib import Path

import pytest

from tests.evals.tasks.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder."""
    return Folder(tmp_path)
