# SPDX-License-Identifier: Apache-2.0
"""Hostile bytes for every reader: `make fuzz`, and a few seconds of it in the test suite."""
