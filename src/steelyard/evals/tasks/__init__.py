# SPDX-License-Identifier: Apache-2.0
"""Tasks: files that say which questions to ask, how to put them, and how to judge the answers."""
