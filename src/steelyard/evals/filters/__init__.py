# SPDX-License-Identifier: Apache-2.0
"""Filters: from what a model wrote to what is judged.

A filter takes the answers to one question (as many as `repeats` asks for) and gives answers again.

Semantics: filters of lm-eval 0.4.13.
"""
