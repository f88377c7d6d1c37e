# SPDX-License-Identifier: Apache-2.0
"""Templates are followed to what they come to, and never rendered."""

import contextlib
import time

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.jinja import LONGEST, Remark, remarks
from steelyard.formats.jinja_show import show
from steelyard.formats.jinja_state import Idioms
from steelyard.knowledge import entry
from tests.samples.templates import BLOCKED, ESCAPES, GENUINE, REVIEWED

IDIOMS = msgspec.json.decode(entry("templates", "chat"), type=Idioms)
ALL = {**GENUINE, **ESCAPES, **BLOCKED, **REVIEWED}
PIECES = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "'",
            '"',
            "(",
            ")",
            "[",
            "]",
            "|",
            ".",
            "~",
            "*",
            "-",
        ),
        *(
            " if ",
            " else ",
            " for x in ",
            " set ",
            " endif ",
            " endfor ",
            "macro f(x)",
            " endmacro ",
        ),
        *(
            "x",
            "messages",
            "'_'",
            "'class'",
            "1",
            "10**9",
            "range(",
            "namespace(",
            "join",
            "attr",
            "\\x5f",
        ),
    ]
)


def codes(template: str) -> list[str]:
    return [remark.code for remark in remarks(template, IDIOMS)]


@pytest.mark.parametrize("template", GENUINE.values(), ids=GENUINE)
def test_what_real_templates_do_is_not_remarked_upon(template: str) -> None:
    assert remarks(template, IDIOMS) == ()


@pytest.mark.parametrize("template", ESCAPES.values(), ids=ESCAPES)
def test_a_name_counts_as_what_it_comes_to(template: str) -> None:
    assert "escape" in codes(template)


def test_the_trail_shows_how_a_name_came_about() -> None:
    found = remarks("a\n{% set a='__cl' %}{% set b=a~'ass__' %}\n{{ messages[b] }}", IDIOMS)
    assert found == (
        Remark(
            code="escape",
            line=3,
            message="the name '__class__' leads out of the template: messages[b]",
            trail=("messages[b]", "b = '__class__'", "the name comes to '__class__'"),
        ),
    )


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ ''[bos_token] }}", "computed-name"),
        ("{{ x['a' ~ y] }}", None),
        ("{{ x[y ~ 'a'] }}", "computed-name"),
        ("{{ {'user': 1}[message.role] }}", None),
        ("{{ cycler[message.role] }}", "computed-name"),
        ("{{ '{} of {:>3}'.format(1, 2) }}", None),
        ("{{ '{0.a}'.format(x) }}", "format-string"),
        ("{{ parameter.format }}", None),
        ("{% include 'x' %}", "load"),
        ("{{ range(1000)|list }}", None),
        ("{{ range(100001) }}", "exhaustion"),
        ("{{ [1]|map(attribute='name') }}", None),
        ("{{ x|attr('name') }}", "attribute-filter"),
        ("{% for _ in x %}{{ _ }}{% endfor %}", None),
        ("{{ m._x }}", "private-name"),
        ("{{ f(x) }}", "unknown-call"),
        ("{{ (f or g)(x) }}", "computed-call"),
        ("{{ x is weird }}", "unknown-filter"),
        ("{{ 'at https://a.example' }}", "address"),
        ("{% macro f(n) %}{{ f(n-1) }}{% endmacro %}", "recursion"),
        ("{% macro f(t) %}{% for i in t.items %}{{ f(i) }}{% endfor %}{% endmacro %}", None),
        (
            "{% for m in messages %}{% if 'x</think>' in m.content %}{{ '<think>' }}{% endif %}{% endfor %}",
            None,
        ),
    ],
)
def test_each_way_has_its_own_remark(template: str, code: str | None) -> None:
    assert codes(template) == ([code] if code else [])


def test_an_expression_is_shown_much_as_it_was_written() -> None:
    from steelyard.formats.jinja import parse

    source = "a.b['c'][1:-2:3](x, y=2)|f(3) is g and not {'k': [1, (2,)]}[z] ~ (a if b else c) in d"
    tree = parse("{{ " + source + " }}")
    assert show(tree.body[0].nodes[0]) == (
        "a.b['c'][1:-2:3](x, y=2)|f(3) is g and not {'k': [1, (2)]}[z] ~ a if b else c in d"
    )


@pytest.mark.parametrize(
    "template",
    ["{{", "{% if %}", "{{ 'a }}", "{% foo %}", "{{ " + "9" * 5000 + " }}", "{% endfor %}"],
)
def test_what_is_no_template_is_malformed(template: str) -> None:
    with pytest.raises(MalformedError, match="no Jinja template"):
        remarks(template, IDIOMS)


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}",
        "{{ " + "[" * 10_000,
        "{{ x" + ".y" * 10_000 + " }}",
        "{{ " + "x + " * 10_000 + "x }}",
        "{% if x %}" * 5_000 + "{% endif %}" * 5_000,
        "x" * (LONGEST + 1),
    ],
    ids=["parentheses", "brackets", "attributes", "sums", "conditions", "length"],
)
def test_depth_and_length_are_bounded(template: str) -> None:
    with pytest.raises(LimitError):
        remarks(template, IDIOMS)


@pytest.mark.parametrize(
    "template",
    [
        "{{ '" + "<a " * 40_000 + "' }}",
        "{% set a = a ~ 'x' %}" * 5_000,
        "".join(f"{{% set a{i} = a{i + 1} ~ 'x' %}}" for i in range(3_000)),
        "".join(
            f"{{% macro m{i}(a) %}}{{{{ m{i + 1}(a ~ 'x') }}}}{{% endmacro %}}"
            for i in range(1_000)
        ),
        "{{ 'a'" + ".replace('a','aa')" * 100 + " }}",
        "{{ [" + ",".join(f"'a{i}'" for i in range(10_000)) + "][x] }}",
        "{% for a in x %}{% set n.b = [n.b, n.c] %}{% set n.c = [n.b, n.c] %}{% endfor %}",
    ],
)
def test_hostile_templates_are_done_with_in_seconds(template: str) -> None:
    begin = time.thread_time()
    with contextlib.suppress(LimitError):
        remarks(template, IDIOMS)
    assert time.thread_time() - begin < 5


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
@example("{{ (1).__class__ }}")
def test_any_text_ends_in_remarks_or_is_refused(template: str) -> None:
    try:
        found = remarks(template, IDIOMS)
    except MalformedError:
        return
    assert all(remark.line >= 1 and remark.message for remark in found)


@settings(max_examples=100)
@given(st.sampled_from(sorted(ALL)), st.integers(0, 3000), st.integers(0, 3000))
def test_any_piece_of_a_template_ends_in_remarks_or_is_refused(
    name: str, start: int, size: int
) -> None:
    with contextlib.suppress(MalformedError):
        remarks(ALL[name][start : start + size], IDIOMS)


def test_nothing_is_rendered_or_run(never_runs) -> None:
    for template in GENUINE.values():
        remarks(template, IDIOMS)
    with never_runs as tried:
        for template in ALL.values():
            remarks(template, IDIOMS)
    assert tried == []
