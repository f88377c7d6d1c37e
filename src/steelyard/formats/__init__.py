# SPDX-License-Identifier: Apache-2.0
"""Hostile bytes to structure, never executing: one module per format."""
