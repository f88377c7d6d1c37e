# SPDX-License-Identifier: Apache-2.0
"""Keep evidence: one module per store."""
