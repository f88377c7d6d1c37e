# SPDX-License-Identifier: Apache-2.0
"""What every test stands on: a home of its own, no way off the machine, and nothing that runs.

Fixtures for all: `never_runs` (proof that a check is static), `real_model` (the demo model), and
`chromium` (a headless browser). Builders of sample files are plain modules in `tests/samples`.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import hypothesis
import pytest

from tests.watch import WATCH

ROOT = Path(__file__).parent.parent
_NOWHERE = "http://127.0.0.1:9"  # the discard port: programs that a test starts stay here as well
_HOME_OF_ITS_OWN = ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as shells start what runs behind them
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile(
    "local", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "ci", parent=hypothesis.settings.get_profile("local"), derandomize=True, database=None
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True)
def _home_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give the test an empty home, none of this machine's settings, and no network."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("STEELYARD_", "HF_"))]:
        monkeypatch.delenv(name)
    for name in _HOME_OF_ITS_OWN:
        monkeypatch.setenv(name, str(home if name == "HOME" else home / name.lower()))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.setenv(name, _NOWHERE)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    """Fail the test that tried to call out, even where it swallowed the refusal."""
    WATCH.calls_out.clear()
    yield
    assert not WATCH.calls_out


@pytest.fixture
def never_runs() -> AbstractContextManager[list[str]]:
    """Return a block in which nothing of a subject may run, yielding the record of what tried to.

    Run the check once on a benign sample before: importing a module or making a class raises the
    same audit events. Then `with never_runs as tried: check(...)`, then `assert tried == []`.
    """
    return WATCH.armed()


@pytest.fixture(scope="session")
def real_model() -> Path:
    """Return the demo model, a real GGUF file; `make test` fetches it.

    Another one may be named by the environment variable STEELYARD_DEMO_MODEL.
    """
    named = _DEMO_MODEL
    found = [Path(named)] if named else sorted((ROOT / "demo" / "model").glob("*.gguf"))
    if not found or not found[0].is_file():
        pytest.skip("the real model is not here: make demo fetches it")
    return found[0]


_DEMO_MODEL = os.environ.get(
    "STEELYARD_DEMO_MODEL"
)  # before the tests are given their own settings


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium that can run headless."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return ROOT


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their number: what they are may differ from process to process."""
    del config
    return f"{argname}{len(val)}" if isinstance(val, bytes) and len(val) > 16 else None
