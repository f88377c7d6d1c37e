# SPDX-License-Identifier: Apache-2.0
"""A model in XML that reaches outside of its document is a finding; what exporters write is none."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.xml import look
from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify
from steelyard.formats.port import Budget, Content
from steelyard.formats.source import BytesSource
from steelyard.formats.xml import XML
from tests.samples.weights import claims, facts, findings

HEAD = b'<?xml version="1.0"?>'
PMML = (
    HEAD + b'<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header copyright="import os">'
    b'<Extension name="a" value="eval()"/></Header><Apply function="log10"/></PMML>'
)
NET = (
    HEAD + b'<net name="m" version="11"><layers><layer id="0" name="x" type="Add" '
    b'version="opset1"><data offset="0" size="4"/></layer></layers></net>'
)


@pytest.mark.parametrize(("data", "root"), [(PMML, "PMML"), (NET, "net")])
def test_what_exporters_write_has_a_summary_and_no_finding(data: bytes, root: str) -> None:
    assert findings(look, {"m.bin": data}) == {}
    assert facts(claims(look, {"m.bin": data}))["xml.model"]["root"] == root


def net(layer: bytes) -> bytes:
    return HEAD + b"<net><layers>" + layer + b"</layers></net>"


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        (
            HEAD + b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><PMML>&e;</PMML>',
            ["xml.doctype", "xml.entity"],
        ),
        (
            HEAD + b'<!DOCTYPE PMML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><PMML>&b;</PMML>',
            ["xml.doctype", "xml.entity"],
        ),
        (HEAD + b'<!DOCTYPE PMML SYSTEM "http://203.0.113.1/x"><PMML/>', ["xml.doctype"]),
        (net(b'<layer type="C" version="extension" library="evil.so"/>'), ["xml.layer-library"]),
        (net(b'<layer type="C" version="extension"/>'), ["xml.extension-layer"]),
        (
            HEAD
            + b'<CustomLayer><Kernel entry="k"><Source filename="k.cl"/></Kernel></CustomLayer>',
            ["xml.layer-library"],
        ),
        (HEAD + b'<PMML><Apply function="com.x.Run"/></PMML>', ["xml.external-function"]),
        (HEAD + b"<PMML><script>x</script></PMML>", ["xml.script"]),
        (
            HEAD
            + b'<PMML xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/x"/></PMML>',
            ["xml.include"],
        ),
        (HEAD + b'<?xml-stylesheet href="x.xsl"?><PMML/>', ["xml.stylesheet"]),
        (HEAD + b"<PMML><a></PMML>", ["xml.malformed"]),
        (HEAD + b"<PMML>" + b"<a>" * 5000, ["xml.malformed"]),
    ],
)
def test_what_reaches_outside_is_a_finding(data: bytes, rules: list[str]) -> None:
    assert list(findings(look, {"m.xml": data})) == rules


def test_the_encoding_of_a_document_hides_nothing() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE PMML SYSTEM "x"><PMML/>'
    assert list(findings(look, {"m.pmml": text.encode("utf-16")})) == ["xml.doctype"]


def test_other_xml_stays_a_text() -> None:
    picture = b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "a" "b"><svg></svg>'
    assert identify("a.svg", BytesSource(picture)).id == "text"


@settings(max_examples=150)
@given(
    data=st.sampled_from([PMML, NET]),
    cut=st.integers(1, 300),
    changes=st.lists(st.tuples(st.integers(0, 299), st.integers(0, 255)), max_size=5),
)
def test_any_change_of_a_document_ends_in_content_or_a_refusal(data, cut, changes) -> None:
    changed = bytearray(data)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    begin = time.thread_time()
    with contextlib.suppress(MalformedError):
        content = XML.read(BytesSource(bytes(changed[:cut])), Budget(Limits()))
        assert isinstance(content, Content)
    assert time.thread_time() - begin < 1
