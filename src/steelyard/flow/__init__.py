# SPDX-License-Identifier: Apache-2.0
"""The flow: discover a subject, examine it with probes, judge the evidence by a policy."""
