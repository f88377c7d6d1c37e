# SPDX-License-Identifier: Apache-2.0
"""An audit hook that watches the whole test process: nobody calls out, and nothing of a subject runs.

A hook cannot be taken away again and is seen by every thread, so there is one for the whole process.
It refuses what must not happen and writes it down; tests assert on what it wrote, because code that
swallows the refusal must fail all the same.
"""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRAP = "steelyard_trap"
"""Modules of this name exist only in hostile samples: importing one is importing the subject."""

RUNS = {
    "pickle.find_class",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "socket.connect",
    "ctypes.dlopen",
}
"""Events that a look at hostile bytes must not raise; `exec` and `import` are judged by what they name."""


class Refused(BaseException):
    """What was asked for is not allowed here; no `except Exception` swallows it."""


class Watch:
    """What the hook refused.

    Attributes:
        calls_out: Ways off this machine, always refused.
        runs: Ways to run something of a subject, refused while armed.
    """

    def __init__(self) -> None:
        self.calls_out: list[str] = []
        self.runs: list[str] = []
        self._armed = False

    def __call__(self, event: str, args: tuple) -> None:
        """Judge one audit event of this process."""
        if event in ("socket.connect", "socket.sendto") and not _is_local(args[1]):
            self._refuse(self.calls_out, event, args[1])
        if event == "socket.getaddrinfo" and not _is_local((args[0],)):
            self._refuse(self.calls_out, event, args[0])
        if self._armed and _runs_something(event, args):
            self._refuse(self.runs, event, args)

    def _refuse(self, record: list[str], event: str, what: object) -> None:
        record.append(f"{event} {what!r}")
        raise Refused(record[-1])

    @contextmanager
    def armed(self) -> Iterator[list[str]]:
        """Refuse to run anything until the end of the block; yields the record of what was refused."""
        self.runs = []
        self._armed = True
        try:
            yield self.runs
        finally:
            self._armed = False


def _runs_something(event: str, args: tuple) -> bool:
    if event == "exec":  # importing a module executes code as well, but of a file
        return getattr(args[0], "co_filename", "") == "<string>"
    if event == "import":
        return TRAP in str(args[0])
    return event in RUNS


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # the path of a local socket
    host = address[0]
    text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        return text == "localhost" or ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


WATCH = Watch()
sys.addaudithook(WATCH)
