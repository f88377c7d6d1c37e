# SPDX-License-Identifier: Apache-2.0
"""Renderings of a dossier: one module each; a report opens no file and runs no probe."""
