# SPDX-License-Identifier: Apache-2.0
"""A model of the hub judged by its headers: little is fetched, and what nobody read is said."""

import io
import json
import pickle
import struct
import zipfile

import httpx2
import pytest
from benchmarks import weights
from huggingface_hub import close_session, constants, set_client_factory
from huggingface_hub.utils import _http

from steelyard.cli.main import run
from steelyard.core.errors import UnreadableError, UsageError
from steelyard.core.limits import Limits
from steelyard.core.policy import Outcome
from steelyard.core.ports import Silent
from steelyard.flow import hub_headers
from steelyard.flow.check import check, judge
from steelyard.flow.http_ranges import Patience, RemoteFile
from steelyard.flow.hub_headers import remote
from steelyard.flow.policies import policy, trusting_hub
from steelyard.flow.pools import Serial, Threads
from tests.samples.range_hub import serving

BIG = 6 << 20
QUICK = Patience(tries=4, pause_s=0.0, longest_pause_s=0.0, silence_s=5.0)
SMALL = {"README.md": b"---\nlicense: mit\n---\nA model.\n", "config.json": b'{"model_type": "x"}'}


def safetensors(size=BIG):
    tensor = {"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    header = json.dumps(tensor).encode()
    return struct.pack("<Q", len(header)) + header + bytes(range(256)) * (size // 256)


def torch_zip(pickled):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/data/0", bytes(BIG))
    return buffer.getvalue()


@pytest.fixture
def hub(monkeypatch):
    with serving(SMALL | {"model.safetensors": safetensors()}) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        monkeypatch.setattr(_http, "_GLOBAL_CLIENT_FACTORY", _http._GLOBAL_CLIENT_FACTORY)
        set_client_factory(lambda: httpx2.Client(trust_env=False))
        yield hub
        close_session()


def look(subject="hf:org/name", pool=None):
    return remote(
        subject, limits=Limits(), pool=pool or Serial(), progress=Silent(), patience=QUICK
    )


def outcome(model, rules=None):
    return judge(model, rules or policy("baseline"), limits=Limits()).verdict.outcome


def reasons(model):
    return {entry.path: (entry.kind, entry.reason) for entry in model.skipped()}


@pytest.mark.parametrize("pool", [Serial(), Threads(4)])
def test_headers_and_small_files_are_fetched_and_weights_are_not(hub, pool):
    model = look(pool=pool)
    assert [(file.path, file.format) for file in model.artifacts()] == [
        ("README.md", "text"),
        ("config.json", "json"),
        ("model.safetensors", "safetensors"),
    ]
    assert hub.fetched("model.safetensors") < BIG / 10
    assert hub.fetched("config.json") == len(SMALL["config.json"])
    listed = hub.entry("model.safetensors")["lfs"]["sha256"]
    assert model.artifacts()[2].digest == f"sha256:{listed}"
    assert model.artifacts()[2].size == len(hub.files["model.safetensors"])
    assert model.name == "org/name"


def test_what_nobody_read_is_unknown_unless_the_hub_is_trusted(hub):
    model = look()
    assert set(reasons(model)) == {"model.safetensors"}
    assert reasons(model)["model.safetensors"][0] == "header-only"
    assert outcome(model) is Outcome.UNKNOWN
    assert outcome(model, policy("strict")) is Outcome.UNKNOWN
    assert outcome(model, trusting_hub(policy("baseline"))) is Outcome.PASS


def test_the_verdict_says_that_the_hub_was_trusted(hub):
    plain = policy("baseline")
    assert trusting_hub(plain).digest != plain.digest


def test_trust_in_the_hub_forgives_no_other_gap(hub):
    hub.files["other.onnx"] = bytes(range(1, 256)) * 40
    assert outcome(look(), trusting_hub(policy("baseline"))) is Outcome.UNKNOWN


def test_the_same_findings_and_measurements_come_from_headers_as_from_the_whole(hub, tmp_path):
    hub.files["pytorch_model.bin"] = torch_zip(b"cos\nsystem\n(S'id'\ntR.")
    for name, data in hub.files.items():
        (tmp_path / name).write_bytes(data)
    whole = check(tmp_path, policy("baseline"), limits=Limits(), pool=Serial(), progress=Silent())
    headers = judge(look(), policy("baseline"), limits=Limits())
    assert headers.subject.artifacts == whole.subject.artifacts
    assert headers.subject.digest != whole.subject.digest
    assert [item.claim for item in whole.evidence] == [
        item.claim
        for item in headers.evidence
        if getattr(item.claim, "name", "") != "manifest.header-only"
    ]


def test_of_a_large_torch_archive_the_tensors_are_not_fetched(hub, tmp_path):
    weights.torch_zip(tmp_path / "w.bin", 2 * BIG)
    hub.files["pytorch_model.bin"] = (tmp_path / "w.bin").read_bytes()
    model = look()
    assert outcome(model, trusting_hub(policy("baseline"))) is Outcome.PASS
    assert hub.fetched("pytorch_model.bin") < BIG / 2


def test_a_payload_in_a_large_torch_archive_is_found_by_ranges(hub):
    hub.files["pytorch_model.bin"] = torch_zip(b"cos\nsystem\n(S'id'\ntR.")
    assert outcome(look(), trusting_hub(policy("baseline"))) is Outcome.FAIL


def test_bytes_in_a_large_file_that_no_header_accounts_for_are_not_passed(hub, monkeypatch):
    monkeypatch.setattr(hub_headers, "_MOST", 1 << 20)
    hub.files["weights.bin"] = b"\x00" * 100 + bytes(range(1, 256)) * (BIG // 255)
    model = look()
    assert "would have to be fetched" in reasons(model)["weights.bin"][1]
    assert outcome(model, trusting_hub(policy("baseline"))) is Outcome.UNKNOWN


def test_two_runs_give_the_same_evidence(hub):
    first, second = (judge(look(), policy("baseline"), limits=Limits()) for _ in range(2))
    assert [item.id for item in first.evidence] == [item.id for item in second.evidence]


@pytest.mark.parametrize("mode", ["redirect", "cuts first", "busy first", "expires", "sends more"])
def test_servers_that_take_several_tries_are_read_all_the_same(hub, mode):
    hub.modes = dict.fromkeys(hub.files, mode)
    model = look()
    assert len(model.artifacts()) == 3
    assert set(reasons(model)) == {"model.safetensors"}
    assert outcome(model, trusting_hub(policy("baseline"))) is Outcome.PASS


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("ignores ranges", "whole files only"),
        ("lies about the total", "the listing says"),
        ("sends another range", "another range"),
        ("says no range", "another range"),
        ("packs", "packs what it sends"),
        ("cuts", "broke off|ProtocolError|ReadError"),
        ("404", "answers 404"),
        ("401", "answers 401"),
        ("429", "answers 429"),
        ("416", "has fewer"),
        ("204", "answers 204"),
    ],
)
def test_a_file_that_a_server_does_not_give_is_a_gap_with_the_reason(hub, mode, said):
    hub.modes["model.safetensors"] = mode
    model = look()
    kind, reason = reasons(model)["model.safetensors"]
    assert kind == "unreadable"
    assert any(part in reason for part in said.split("|"))
    assert len(model.artifacts()) == 2
    assert outcome(model, trusting_hub(policy("baseline"))) is Outcome.UNKNOWN


def test_small_files_come_from_servers_without_ranges_too(hub):
    hub.modes["config.json"] = "ignores ranges"
    assert [file.path for file in look().artifacts()][1] == "config.json"


@pytest.mark.parametrize("name", ["config.json", "small.safetensors"])
def test_bytes_that_are_not_those_of_the_stated_digest_are_not_judged(hub, name):
    hub.files["small.safetensors"] = safetensors(256)
    lie = {"blobId": "1" * 40, "lfs": {"size": 1, "sha256": "1" * 64, "pointerSize": 1}}
    hub.lies[name] = {"blobId": lie["blobId"]} if name == "config.json" else lie
    assert reasons(look())[name][0] == "changed"


@pytest.mark.parametrize("size", [10, BIG * 2, 1 << 60])
def test_a_listing_that_lies_about_sizes_ends_in_a_gap(hub, size):
    hub.lies["model.safetensors"] = {"size": size}
    kind, _ = reasons(look())["model.safetensors"]
    assert kind in ("unreadable", "changed")


@pytest.mark.parametrize("size", [None, -1])
def test_a_file_whose_size_the_hub_does_not_say_is_a_gap(hub, size):
    hub.lies["config.json"] = {"size": size}
    assert reasons(look())["config.json"][0] == "unreadable"


def test_large_files_without_a_stated_digest_are_read_whole_or_not_at_all(hub, monkeypatch):
    hub.lies["model.safetensors"] = {"lfs": None, "blobId": None}
    assert reasons(look()) == {}
    assert outcome(look()) is Outcome.PASS
    monkeypatch.setattr(hub_headers, "_MOST", 1 << 20)
    assert "too large" in reasons(look())["model.safetensors"][1]


def test_the_token_goes_to_the_hub_and_to_nobody_else(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.modes["model.safetensors"] = "redirect"
    with serving(hub.files) as cdn:
        hub.cdn = cdn.url.replace("127.0.0.1", "localhost")
        look()
        assert cdn.asked
        assert {token for _, _, token in cdn.asked} == {""}
    assert {token for path, _, token in hub.asked if "resolve" in path} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("name", "said"),
    [("gone", "no model"), ("gated", "to everybody"), ("private", "no model"), ("busy", "429")],
)
def test_whatever_the_hub_refuses_is_an_error_with_a_hint(hub, name, said):
    with pytest.raises(UnreadableError, match=said) as caught:
        look(f"hf:org/{name}")
    assert caught.value.hint


def test_a_hub_without_any_readable_file_is_an_error(hub):
    hub.modes = dict.fromkeys(hub.files, "404")
    with pytest.raises(UnreadableError, match="holds no file that can be read: README"):
        look()


def test_what_names_no_model_is_an_error():
    with pytest.raises(UsageError, match="names no model"):
        look("hf:../../etc")


class Drip:
    """An HTTP client whose answer never ends and never stops."""

    status_code = 206
    history = ()

    def stream(self, *args, headers, **kwargs):
        span = headers["Range"].removeprefix("bytes=")
        self.headers = {"content-range": f"bytes {span}/1000000"}
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def iter_raw(self):
        while True:
            yield b"x"


def test_an_answer_that_drips_is_given_up():
    slow = Patience(tries=2, pause_s=0.0, request_s=0.01, bytes_per_s=1e12)
    file = RemoteFile(Drip(), (OSError,), "u", 1_000_000, headers={}, patience=slow)
    with pytest.raises(UnreadableError, match="took too long, 2 times"):
        file.fetch(0, 1_000_000)


def test_pauses_grow_and_heed_what_the_server_asks_for(hub):
    hub.modes["config.json"] = "429"
    pauses = []
    patience = Patience(tries=4, pause_s=1.0, longest_pause_s=5.0)
    url = f"{hub.url}/org/name/resolve/0123456789abcdef0123456789abcdef01234567/config.json"
    with httpx2.Client(trust_env=False) as client:
        file = RemoteFile(
            client, (OSError,), url, 19, headers={}, patience=patience, sleep=pauses.append
        )
        with pytest.raises(UnreadableError, match="answers 429, 4 times"):
            file.fetch(0, 19)
    assert pauses == [5.0, 10.0, 20.0]


def test_a_server_that_says_nothing_is_given_up(hub):
    patience = Patience(tries=1, silence_s=0.05)
    with httpx2.Client(transport=httpx2.MockTransport(_time_out), trust_env=False) as client:
        file = RemoteFile(client, (httpx2.HTTPError,), hub.url, 19, headers={}, patience=patience)
        with pytest.raises(UnreadableError, match="ReadTimeout"):
            file.fetch(0, 19)


def _time_out(request):
    raise httpx2.ReadTimeout("too slow", request=request)


def test_the_command_line_says_what_was_not_read(hub, capsys):
    assert run(["check", "hf:org/name", "--headers", "--store", "none"]) == 3
    shown = capsys.readouterr().out
    assert "model.safetensors" in shown
    assert "what the hub says" in shown
    assert run(["check", "hf:org/name", "--headers", "--trust-hub", "--store", "none"]) == 0
    hub.files["bad.pkl"] = pickle.dumps(print)
    hub.files["worse.pkl"] = b"cos\nsystem\n(S'id'\ntR."
    assert run(["check", "hf:org/name", "--headers", "--store", "none"]) == 1


def test_headers_are_of_the_hub_only(tmp_path, capsys):
    assert run(["check", str(tmp_path), "--headers"]) == 2
    assert "hf:org/name@revision" in capsys.readouterr().err
