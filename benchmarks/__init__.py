# SPDX-License-Identifier: Apache-2.0
"""Measurements behind every claim of speed or detection: `make bench`, `make bench-scan`."""
