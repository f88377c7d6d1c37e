# SPDX-License-Identifier: Apache-2.0
"""Templates: what they render, and what hostile ones may not do."""

import pytest

from steelyard.core.errors import LimitError, MalformedError
from steelyard.evals.tasks.template import Templates


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{q.strip()}}\n", "a b\n"),
        ("{{[q, n]}}", "[' a b ', 3]"),
        ("{{q|regex_replace('[ab]', 'x')}}", " x x "),
        ("{% for c in 'xyz' %}{{loop.index}}/{{loop.length}}{{c}} {% endfor %}", "1/3x 2/3y 3/3z "),
        ("{{'a' ~ n ~ none}}", "a3None"),
        ("{{d.keys()|list|join(',')}}{{d.k}}", "k v".replace(" ", "")),
        ("{% if missing is defined %}x{% endif %}", ""),
        (
            "{% set ns = namespace(s='') %}{% for i in range(3) %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ns.s}}",
            "012",
        ),
    ],
)
def test_a_template_renders_as_in_lm_eval(source: str, wanted: str) -> None:
    assert Templates().render(source, {"q": " a b ", "n": 3, "d": {"k": "v"}}) == wanted


@pytest.mark.parametrize(
    "source",
    [
        "{{missing}}",
        "{% for %}",
        "{{q[0].nothing.more}}",
        "{{1/0}}",
        "{{q.__class__.__mro__}}",
        "{{(q|attr('__class__')).__mro__}}",
        "{{''.format.__globals__}}",
        "{{'{0.__class__.__mro__}'.format(q)}}",
        "{{cycler.__init__.__globals__.os.system('true')}}",
        "{{items.append(1)}}",
        "{% include 'x' %}",
    ],
)
def test_what_a_template_may_not_do_is_an_error(source: str) -> None:
    with pytest.raises(MalformedError):
        Templates().render(source, {"q": "text", "items": [1]})


LOOPS = "".join("{% for i in range(99999) %}" for _ in range(3))


@pytest.mark.parametrize(
    "source",
    [
        LOOPS + "{% endfor %}" * 3,
        "{% for i in range(999) %}{{'x' * 99999}}{% endfor %}",
        "{{'x' * 10**9}}",
        "{{2 ** 99999999}}",
        "{{'x'.center(10**9)}}",
        "{{'x'|center(10**9)}}",
        "{{'%999999999d' % 1}}",
        "{{('x' * 99999).replace('x', 'y' * 99999)}}",
        "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{f(n - 1)}}{{f(n - 1)}}{% endif %}{% endmacro %}{{f(60)}}",
    ],
)
def test_a_template_that_would_never_end_or_fill_the_memory_is_stopped(source: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Templates(steps=20_000, output=1 << 20).render(source, {})
    assert isinstance(caught.value, LimitError) or "huge" in caught.value.message
