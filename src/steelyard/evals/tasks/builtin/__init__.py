# SPDX-License-Identifier: Apache-2.0
"""Our own functions for tasks: those of the tasks that come with this, and of common public ones.

A task file names one as `!function builtin.bbq.judge`. Each takes and gives what lm-eval's function
in the same place does.
"""
