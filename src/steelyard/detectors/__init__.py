# SPDX-License-Identifier: Apache-2.0
"""Text to spans and states, pure: what a text holds, whoever asks."""
