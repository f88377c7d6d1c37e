# SPDX-License-Identifier: Apache-2.0
"""A browser for pages."""

from collections.abc import Iterator

import pytest

from tests.report.chrome import Chrome


@pytest.fixture(scope="module")
def chrome(chromium, tmp_path_factory) -> Iterator[Chrome]:
    browser = Chrome(chromium, tmp_path_factory.mktemp("chrome"))
    yield browser
    browser.close()
