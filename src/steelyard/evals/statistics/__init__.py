# SPDX-License-Identifier: Apache-2.0
"""What may be concluded from scores: intervals, paired comparisons, and how sure one may be."""
