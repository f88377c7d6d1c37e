# SPDX-License-Identifier: Apache-2.0
"""What a run costs: processor time, wall time, and energy as far as this machine can tell."""

import math
import os
import time
from pathlib import Path

import msgspec

_ZONES = Path("/sys/class/powercap")
ELSEWHERE = "elsewhere"

WATTS_PER_CORE = (1.0, 12.0)
"""Watts that one busy hardware thread may draw.

Wide on purpose, and not measured here: design power divided by threads, 1.4 W (256 threads) to 8 W
(desktop), times 0.4 to 1.2 for real load, with memory on top.
"""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What has been spent since some moment.

    Attributes:
        cpu_s: Processor seconds of this process and its children.
        wall_s: Seconds.
        joules: By the processor's own counters, the whole package with all that runs on it; None
            where they cannot be read.
        own_s: Processor seconds of this process alone.
    """

    cpu_s: float
    wall_s: float
    joules: float | None
    own_s: float = 0.0


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a run cost.

    Attributes:
        cpu_s: Processor seconds of this process and its children.
        wall_s: Seconds.
        joules: Middle of the interval: its geometric mean, or what the counters say.
        low: Lower end, in joules.
        high: Upper end, in joules.
        method: `rapl` = the counters of the processor package, neighbours included; `cpu-time` =
            processor seconds times what a busy thread draws; `elsewhere` = the model ran on a server,
            and all of these are of this side alone.
    """

    cpu_s: float
    wall_s: float
    joules: float
    low: float
    high: float
    method: str


def reading(zones: Path = _ZONES) -> Reading:
    """Return what has been spent so far, to take a difference of."""
    used = os.times()
    return Reading(
        cpu_s=used.user + used.system + used.children_user + used.children_system,
        own_s=used.user + used.system,
        wall_s=time.monotonic(),
        joules=_counters(zones),
    )


def cost(
    before: Reading, after: Reading, *, workers_s: float | None = None, elsewhere: bool = False
) -> Cost:
    """Return what lies between two readings.

    Where counters can be read, their value is the upper end, for it holds whatever else ran; the
    lower end is what processor time accounts for at the least. Elsewhere the interval is processor
    time alone, wide as it is: a single number would be made up.

    Args:
        before: The first.
        after: The second.
        workers_s: Processor seconds of workers, wherever they are; None where there were none.
        elsewhere: Whether a server did the work.

    Source:
        Linux, Documentation/power/powercap: `energy_uj`. A counter that wrapped gives no value.
    """
    cpu = max(0.0, after.cpu_s - before.cpu_s)
    if workers_s is not None:
        cpu = max(0.0, after.own_s - before.own_s) + workers_s
    wall = max(0.0, after.wall_s - before.wall_s)
    low, high = (cpu * watts for watts in WATTS_PER_CORE)
    counted = None
    if before.joules is not None and after.joules is not None:
        counted = after.joules - before.joules
    if counted is not None and counted >= low:
        middle, high, method = counted, counted, "rapl"
    else:
        middle, method = math.sqrt(low * high), "cpu-time"
    return Cost(
        cpu_s=round(cpu, 3),
        wall_s=round(wall, 3),
        joules=round(middle, 3),
        low=min(round(low, 3), round(middle, 3)),
        high=max(round(high, 3), round(middle, 3)),
        method=ELSEWHERE if elsewhere else method,
    )


def _counters(zones: Path) -> float | None:
    """Return the joules that the packages' counters say; None where there are none to read."""
    found = [_read(path / "energy_uj") for path in sorted(zones.glob("intel-rapl:?"))]
    known = [value for value in found if value is not None]
    return sum(known) / 1e6 if known and len(known) == len(found) else None


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # only the administrator may read it since Linux 5.10
        return None
