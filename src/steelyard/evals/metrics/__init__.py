# SPDX-License-Identifier: Apache-2.0
"""Metrics of answers: per sample, and over all samples of a task."""
