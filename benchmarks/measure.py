# SPDX-License-Identifier: Apache-2.0
"""What a command costs: processor time, memory, wall time, bytes read."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a command cost.

    Attributes:
        code: Exit code; -9 after the time limit.
        wall_s: From start to end.
        cpu_s: User and system time, of its own children too.
        peak_mb: Largest resident memory of any one process of it, in MB (1e6 bytes).
        read_mb: What it asked the kernel to read, in MB; mapped pages are not among it.
        output: Standard output and error together.
    """

    code: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    read_mb: float
    output: str


def cost(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    limit_s: float = 600,
) -> Cost:
    """Run a command and return what it cost.

    Linux counts what the parent had in memory when it started a child towards the child's peak, so
    this process stays small; a bare Python shows as 10 to 15 MB.

    Args:
        command: The command.
        folder: Where to run it.
        env: Its whole environment; this process's when None. Byte code is kept all the same, as
            installers leave it: without it, start-up of any Python program takes twice as long.
        limit_s: Seconds of wall time after which it is killed.
    """
    kept = {**(os.environ if env is None else env)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            output, _ = _drain(process, limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            output = b""
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - started
        read = _bytes_read(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        code=process.returncode,
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss * 1024 / 1e6,
        read_mb=read / 1e6,
        output=output.decode("utf-8", "replace"),
    )


def _drain(process: subprocess.Popen, limit_s: float) -> tuple[bytes, None]:
    """Read all output without reaping the process, whose account is still wanted."""
    import selectors

    chunks: list[bytes] = []
    end = time.monotonic() + limit_s
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise subprocess.TimeoutExpired(process.args, limit_s)
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return b"".join(chunks), None
            chunks.append(chunk)


def _bytes_read(pid: int) -> int:
    try:
        account = Path(f"/proc/{pid}/io").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"^rchar: (\d+)$", account, re.MULTILINE)
    return int(found[1]) if found else 0


def machine() -> str:
    """Describe this machine in words that hold for others of its kind; it is not named."""
    model, flags = platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text("utf-8", "replace")
        if found := re.search(r"^model name\s*: (.*)$", text, re.MULTILINE):
            model = found[1]
        flags = ", SHA-NI" if re.search(r"^flags.*\bsha_ni\b", text, re.MULTILINE) else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{len(os.sched_getaffinity(0))} cores of {model}{flags}, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def header(command: str) -> dict[str, str]:
    """Return what every result file begins with: command, day, machine."""
    day = datetime.now(UTC).date().isoformat()
    return {"command": command, "date": day, "machine": machine()}


def save(name: str, result: object) -> Path:
    """Write a result file and return its path."""
    path = Path(__file__).parent / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return path


def say(text: str) -> None:
    """Print progress to stderr."""
    print(text, file=sys.stderr, flush=True)
