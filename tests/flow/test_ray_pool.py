# SPDX-License-Identifier: Apache-2.0
"""Ray gives what the other pools give."""

import importlib.util

import msgspec
import pytest

from steelyard.core.dossier import Dossier
from steelyard.core.errors import SteelyardError, UsageError
from steelyard.flow.policies import policy
from steelyard.flow.pools import Serial
from steelyard.flow.ray_pool import Ray
from steelyard.flow.rounds import Round, Task
from tests.samples.work import die_on_three, fail_on_three

HERE = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HERE, reason="Ray is not installed: pip install ray")


@pytest.mark.skipif(HERE, reason="Ray is installed")
def test_without_ray_there_is_an_error_that_says_what_to_install():
    with pytest.raises(UsageError, match="Ray is not installed") as caught:
        Ray()
    assert "steelyard[scale]" in caught.value.hint


@pytest.mark.ray
@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_results_and_evidence_are_those_of_any_other_pool(tmp_path):
    pool = Ray(2)
    results = dict(pool.as_completed(fail_on_three, range(6)))
    assert isinstance(results.pop(3), UsageError)
    assert results == {0: 0, 1: 1, 2: 2, 4: 4, 5: 5}
    assert list(pool.map(fail_on_three, [5, 4, 2])) == [5, 4, 2]
    assert isinstance(dict(pool.as_completed(die_on_three, range(5)))[3], SteelyardError)
    for number in range(4):
        (tmp_path / f"{number}.json").write_text(f'{{"n": {number}}}')
    tasks = [Task(str(path)) for path in sorted(tmp_path.iterdir())]
    terms = Round(policy=policy("baseline"))
    assert _ids(pool.as_completed(terms, tasks)) == _ids(Serial().as_completed(terms, tasks))


def _ids(results):
    return {
        index: [item.id for item in msgspec.json.decode(seen.document, type=Dossier).evidence]
        for index, seen in results
    }
