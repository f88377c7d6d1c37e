# SPDX-License-Identifier: Apache-2.0
"""Probes of a model's behaviour: tasks, what they ask of an engine, and what is made of the answers."""
