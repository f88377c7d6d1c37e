# SPDX-License-Identifier: Apache-2.0
"""What the renderings share: a dossier put into words, groups and figures, with no markup."""
