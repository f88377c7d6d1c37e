# SPDX-License-Identifier: Apache-2.0
"""Engines: what runs a model, one module or folder each, behind the port of `core.engine`."""
