# SPDX-License-Identifier: Apache-2.0
"""Work for other processes, in a module that they import quickly."""

import os
import signal

from steelyard.core.errors import UsageError


def fail_on_three(number):
    if number == 3:
        raise UsageError("three", hint="not three")
    return number


def divide_by(number):
    return 1 / number


def die_on_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
