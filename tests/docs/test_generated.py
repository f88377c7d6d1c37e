# SPDX-License-Identifier: Apache-2.0
"""Pages that are made of something else are up to date, and hold what they should."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_no_generated_page_is_stale() -> None:
    command = [sys.executable, ROOT / "scripts" / "write_docs.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
