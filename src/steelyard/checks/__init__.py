# SPDX-License-Identifier: Apache-2.0
"""Probes of a model's files: one module per probe, none imports another."""
