# SPDX-License-Identifier: Apache-2.0
"""The watch itself: it must catch what it is there for, or the proofs that rest on it prove nothing."""

import contextlib
import os
import pickle
import socket
import subprocess
import sys

import pytest

from tests.watch import WATCH, Refused


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "2001:db8::1"], ids=["an IPv4 address", "an IPv6 address"]
)
def test_a_test_cannot_connect_to_another_machine(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(Refused):
        client.connect((host, 443))
    assert len(WATCH.calls_out) == 1
    WATCH.calls_out.clear()


def test_a_test_cannot_look_up_another_machine() -> None:
    with pytest.raises(Refused):
        socket.getaddrinfo("example.org", 443)
    WATCH.calls_out.clear()


def test_a_test_can_talk_to_itself() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        client.sendall(b"x")


@pytest.mark.parametrize(
    "run",
    [
        lambda: pickle.loads(b"cos\nsystem\n."),
        lambda: os.system("true"),
        lambda: subprocess.run([sys.executable, "-c", ""], check=False),
        lambda: exec("1"),
        lambda: exec(compile("1", "<string>", "exec")),
        lambda: __import__("steelyard_trap"),
    ],
    ids=["unpickle a global", "system", "a process", "exec", "exec of code", "import of a trap"],
)
def test_while_armed_nothing_runs_and_the_attempt_is_on_record(never_runs, run) -> None:
    with never_runs as tried, pytest.raises(Refused):
        run()
    assert len(tried) == 1


def test_an_attempt_that_was_swallowed_is_on_record_all_the_same(never_runs) -> None:
    with never_runs as tried, contextlib.suppress(BaseException):
        pickle.loads(b"cos\nsystem\n.")
    assert len(tried) == 1


def test_unarmed_the_same_things_are_allowed() -> None:
    assert pickle.loads(b"cos\ngetpid\n.") is os.getpid
