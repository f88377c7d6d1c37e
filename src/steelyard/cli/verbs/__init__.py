# SPDX-License-Identifier: Apache-2.0
"""One module per verb, each with its `command`; imported when used."""
