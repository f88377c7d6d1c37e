# SPDX-License-Identifier: Apache-2.0
"""Weigh open-weight AI models before anyone carries them."""

__version__ = "0.1.0"
