# SPDX-License-Identifier: Apache-2.0
"""What a run costs."""

from pathlib import Path

from steelyard.evals.energy import Reading, cost, reading


def test_without_counters_energy_is_an_interval_of_processor_time() -> None:
    before = Reading(cpu_s=1.0, wall_s=10.0, joules=None)
    found = cost(before, Reading(cpu_s=11.0, wall_s=16.0, joules=None))
    assert (found.cpu_s, found.wall_s, found.method) == (10.0, 6.0, "cpu-time")
    assert found.low == 10.0 < found.joules < found.high == 120.0


def test_with_counters_their_value_is_the_upper_end() -> None:
    before = Reading(cpu_s=0.0, wall_s=0.0, joules=5.0)
    found = cost(before, Reading(cpu_s=2.0, wall_s=2.0, joules=25.0))
    assert (found.method, found.low, found.joules, found.high) == ("rapl", 2.0, 20.0, 20.0)


def test_a_counter_that_wrapped_is_not_believed() -> None:
    before = Reading(cpu_s=0.0, wall_s=0.0, joules=262_000.0)
    found = cost(before, Reading(cpu_s=2.0, wall_s=2.0, joules=1.0))
    assert found.method == "cpu-time"


def test_counters_are_read_where_they_may_be(tmp_path: Path) -> None:
    for number, joules in enumerate((3, 4)):
        zone = tmp_path / f"intel-rapl:{number}"
        zone.mkdir()
        (zone / "energy_uj").write_text(f"{joules}000000\n")
    assert reading(tmp_path).joules == 7.0


def test_a_counter_that_may_not_be_read_gives_none(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl:0").mkdir()
    assert reading(tmp_path).joules is None


def test_what_workers_spend_counts_once_wherever_they_are() -> None:
    before = Reading(cpu_s=0.0, wall_s=0.0, joules=None)
    after = Reading(cpu_s=42.0, wall_s=20.0, joules=None, own_s=2.0)  # 40 of them in children
    assert cost(before, after, workers_s=40.0).cpu_s == 42.0
    assert cost(before, after, workers_s=80.0).cpu_s == 82.0
