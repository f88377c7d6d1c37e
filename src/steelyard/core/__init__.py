# SPDX-License-Identifier: Apache-2.0
"""The nouns of steelyard: subject, claim, evidence, probe, policy, dossier, and the ports between them."""
