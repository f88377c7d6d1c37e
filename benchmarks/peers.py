# SPDX-License-Identifier: Apache-2.0
"""Other scanners, each in an environment of its own, at the version that was compared."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

CACHE = Path(
    os.environ.get("STEELYARD_BENCH_CACHE", Path(tempfile.gettempdir()) / "steelyard-peers")
)
QUIET = {
    "AISBOM_NO_TELEMETRY": "1",
    "AISBOM_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "NO_COLOR": "1",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
}
"""Settings that keep the peers from calling home, in every run."""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """A scanner.

    Attributes:
        name: Its program.
        version: The version that is installed.
        arguments: Its command line; `{file}` stands for the file.
        clean: Pattern in the output of a run that found nothing at all to say.
        stops: Exit codes that say the file is bad; any other but 0 says it was not judged.
        also: Packages that it needs and does not declare.
        package: Its name in the package index, where that is another.
        whole: Which of the bytes it asks for: `yes` for all of them, else what it leaves out.
    """

    name: str
    version: str
    arguments: tuple[str, ...]
    clean: str
    stops: tuple[int, ...] = (1,)
    also: tuple[str, ...] = ()
    package: str = ""
    whole: str = "yes"

    @property
    def folder(self) -> Path:
        """Return where its environment is."""
        return CACHE / f"{self.name}-{self.version}"

    def command(self, file: Path) -> list[str]:
        """Return the command line that scans a file."""
        filled = [argument.replace("{file}", str(file)) for argument in self.arguments]
        return [str(self.folder / "bin" / self.name), *filled]

    def is_clean(self, output: str) -> bool:
        """Tell whether it had nothing at all to say."""
        return re.search(self.clean, output) is not None

    def install(self) -> str:
        """Make its environment unless it is there; return why it cannot be had, or nothing."""
        if (self.folder / "bin" / self.name).exists():
            return ""
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True)
        options = ["install", "-qq", "--disable-pip-version-check", "--only-binary", ":all:"]
        packages = [f"{self.package or self.name}=={self.version}", *self.also]
        pip = [self.folder / "bin" / "python", "-m", "pip", *options, *packages]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            return f"could not be installed: {last}"
        return ""


PEERS = (
    Peer(
        name="picklescan",
        version="1.0.5",
        arguments=("-p", "{file}"),
        clean=r"Infected files: 0\n(?s:.*)Suspicious globals: 0\n(?s:.*)Dangerous globals: 0",
        whole="no: pickles only",
    ),
    Peer(
        name="modelscan",
        version="0.8.8",
        arguments=("-p", "{file}"),
        clean=r"No issues found!(?!(?s:.*)(Errors|Skipped))",
        whole="no: pickles only",
    ),
    Peer(
        name="fickling",
        version="0.1.12",
        arguments=("--check-safety", "{file}"),
        clean=r"\A\s*\Z",
        also=("typing_extensions",),
        whole="no: the first pickle",
    ),
    Peer(
        name="modelaudit",
        version="0.2.54",
        arguments=("scan", "--no-cache", "{file}"),
        clean=r"NO ISSUES FOUND",
        whole="all but torch storages",
    ),
    Peer(
        name="hayward",
        version="1.4.1",
        arguments=("scan", "--max-size", "8g", "{file}"),
        clean=r"No findings in",
    ),
    Peer(
        name="aisbom",
        version="1.7.0",
        package="aisbom-cli",
        arguments=("scan", "{file}"),
        clean=r"\A(?!(?s:.*)(CRITICAL|HIGH|MEDIUM))",
        stops=(2,),
    ),
    Peer(
        name="weightguard",
        version="0.2.0",
        arguments=("scan", "--no-provenance", "{file}"),
        clean=r"No static findings",
    ),
)
