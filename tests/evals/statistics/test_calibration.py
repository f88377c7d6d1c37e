# SPDX-License-Identifier: Apache-2.0
"""Whether a model is as sure as it is right."""

import pytest

from steelyard.evals.statistics.calibration import confidences, expected_calibration_error


def test_a_model_that_is_as_right_as_it_is_sure_is_calibrated() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == 0


def test_a_model_that_is_sure_and_wrong_is_as_far_off_as_can_be() -> None:
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1


def test_confidences_add_up_however_small_the_probabilities() -> None:
    assert sum(confidences([-2000.0, -2001.0, -2002.0])) == pytest.approx(1)
    assert confidences([-5.0, -5.0]) == [0.5, 0.5]
