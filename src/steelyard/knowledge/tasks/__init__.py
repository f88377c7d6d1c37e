# SPDX-License-Identifier: Apache-2.0
"""Tasks that come along: one YAML file each, in the format of lm-evaluation-harness."""
