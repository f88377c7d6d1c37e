# SPDX-License-Identifier: Apache-2.0
"""The planner: what to compute for a list of requests so that no prefix is computed twice."""

from steelyard.evals.planner.cuts import Shape
from steelyard.evals.planner.plan import Counts, Key, Plan, Result, Step, Writing

__all__ = ["Counts", "Key", "Plan", "Result", "Shape", "Step", "Writing"]
