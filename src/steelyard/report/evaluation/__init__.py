# SPDX-License-Identifier: Apache-2.0
"""Runs and comparisons as people and other tools read them."""
