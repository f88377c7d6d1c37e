# SPDX-License-Identifier: Apache-2.0
"""What a pickle does is refused unless it is known to be safe, and ordinary pickles are."""

import argparse
import collections
import datetime
import decimal
import fractions
import functools
import ipaddress
import pathlib
import pickle
import re
import types
import uuid
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.pickle import look
from steelyard.checks.pickle.allowlist import Standing, allowlist
from steelyard.core.claim import Finding, Severity
from tests.samples import pickles as p
from tests.samples.weights import claims, facts

MEDIUM, HIGH, CRITICAL = Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


def found(data: bytes, name: str = "m.pkl") -> list[Finding]:
    return [claim for claim in claims(look, {name: data}) if isinstance(claim, Finding)]


def rules(data: bytes, name: str = "m.pkl") -> dict[str, Severity]:
    worst: dict[str, Severity] = {}
    for finding in found(data, name):
        known = worst.get(finding.rule)
        if known is None or known.rank < finding.severity.rank:
            worst[finding.rule] = finding.severity
    return worst


def worst(data: bytes, name: str = "m.pkl") -> int:
    return max((finding.severity.rank for finding in found(data, name)), default=0)


def calls(module: str, leaf: str, *args: Any) -> bytes:
    return p.whole(p.call(p.stack_name(module, leaf), *args))


# ---- what is safe says nothing

EVERYTHING = {
    "dates": [datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.date(2020, 1, 1)],
    "delta": datetime.timedelta(1),
    "decimal": decimal.Decimal("1.2"),
    "fraction": fractions.Fraction(1, 3),
    "path": pathlib.PurePosixPath("a/b"),
    "uuid": uuid.UUID(int=5),
    "ip": ipaddress.ip_address("1.2.3.4"),
    "counter": collections.Counter("abc"),
    "default": collections.defaultdict(list, a=[1]),
    "nested": collections.defaultdict(functools.partial(collections.defaultdict, int)),
    "ordered": collections.OrderedDict(a=1),
    "deque": collections.deque([1], 3),
    "chain": collections.ChainMap({1: 2}),
    "sets": [{1, 2}, frozenset([3])],
    "bytes": [b"\0\xff", bytearray(b"x")],
    "numbers": [1 + 2j, 10**40, -1.5, range(3), slice(1, 2)],
    "pattern": re.compile("a+", re.IGNORECASE),
    "namespaces": [argparse.Namespace(a=1), types.SimpleNamespace(b=2)],
    "types": [int, dict, type(None), ValueError, ...],
    "functions": [len, max, sorted],
    "methods": ["a".join, str.lower],
    "error": KeyError("a"),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", EVERYTHING)
def test_ordinary_values_of_python_say_nothing(kind: str, protocol: int) -> None:
    assert found(pickle.dumps(EVERYTHING[kind], protocol)) == []


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.sets(st.text()),
        max_leaves=10,
    ),
    st.integers(0, 5),
)
def test_random_plain_values_say_nothing(value: Any, protocol: int) -> None:
    found_all = claims(look, {"m.pkl": pickle.dumps(value, protocol)})
    assert not [claim for claim in found_all if isinstance(claim, Finding)]
    assert facts(found_all)["pickle.streams"] == 1


ARRAY = p.build(
    p.call(p.name("numpy.core.multiarray", "_reconstruct"), p.name("numpy", "ndarray"), (0,), b"b"),
    (1, (2,), p.dtype(), False, bytes(8)),
)
SCALER = p.instance("sklearn.preprocessing._data", "StandardScaler", {"mean_": ARRAY})


@pytest.mark.parametrize(
    "body",
    [
        ARRAY,
        p.call(p.name("numpy._core.multiarray", "scalar"), p.dtype("<f8"), bytes(8)),
        SCALER,
        p.instance("sklearn.linear_model.logistic", "LogisticRegression", {"coef_": ARRAY}),
        p.instance("sklearn.pipeline", "Pipeline", {"steps": [("s", SCALER)]}),
        p.call(p.name("sklearn.tree._tree", "Tree"), 3, ARRAY, 1),
        p.call(p.name("sklearn.neighbors._kd_tree", "newObj"), p.name("sklearn.neighbors._kd_tree", "KDTree")),
        p.instance("sklearn.preprocessing._function_transformer", "FunctionTransformer",
                   {"func": p.name("numpy", "log1p")}),
        p.instance("scipy.sparse._csr", "csr_matrix", {"data": ARRAY}),
        p.instance("torch.nn.modules.linear", "Linear", {"training": False}),
        p.instance("pandas", "DataFrame", {"_mgr": None}),
        p.call(p.name("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"), 0, None, None, 10),
        p.call(p.call(p.name("builtins", "getattr"), p.name("zoneinfo", "ZoneInfo"), "_unpickle"),
               "Europe/Berlin", 1),
        p.call(p.name("copy_reg", "_reconstructor"), p.name("sklearn.svm._classes", "SVC"),
               p.name("__builtin__", "object"), None),
        p.call(p.name("_codecs", "encode"), "\xff\xfe", "latin1"),
        p.call(p.name("logging", "getLogger"), "sklearn"),
        p.value([p.name("numpy.core._multiarray_umath", "log")]),
        p.call(p.name("scipy.spatial.ckdtree", "new_object"), p.name("scipy.spatial.ckdtree", "cKDTree")),
        p.call(p.name("copy_reg", "_reconstructor"),
               p.call(p.name("__builtin__", "getattr"), p.name("scipy.spatial.kdtree", "KDTree"), "leafnode"),
               p.name("__builtin__", "object"), None),
    ],
)  # fmt: skip
def test_what_libraries_write_says_nothing(body: bytes) -> None:
    assert found(p.whole(body, version=2)) == []


def test_scary_words_in_constants_say_nothing() -> None:
    words = ["os.system", "eval(", "__import__", "cos\nsystem\n(S'id'\ntR.", "__reduce__"]
    assert found(pickle.dumps({word: i for i, word in enumerate(words)})) == []
    assert found(pickle.dumps({"inner": p.SYSTEM})) == []


# ---- what is not known to be safe


DANGEROUS = """
os.system posix.system nt.system subprocess.Popen subprocess.check_output builtins.exec builtins.eval
builtins.open builtins.__import__ __builtin__.execfile commands.getoutput pip.main pip._internal.cli.main.main
runpy.run_path runpy._run_code pydoc.pipepager timeit.main code.InteractiveInterpreter ctypes.CDLL
importlib._bootstrap._load pkgutil.resolve_name multiprocessing.util.spawnv_passfds pty.spawn platform.popen
idlelib.calltip.get_entity asyncio.create_subprocess_shell logging.config._resolve shelve.open bdb.Bdb
functools.reduce operator.methodcaller types.FunctionType types.CodeType codecs.open io.open shutil.rmtree
linecache.getlines ssl.get_server_certificate urllib.request.urlopen smtplib.SMTP imaplib.IMAP4_stream
uuid._get_command_stdout _osx_support._read_output copyreg.add_extension atexit.register signal.signal
webbrowser.open _posixsubprocess.fork_exec marshal.loads pickle.loads dill.loads joblib.load numpy.load
pandas.read_pickle torch.load torch.hub.load torch.jit.load torch.package.PackageImporter torch.ops.load_library
torch.utils.collect_env.run torch.fx.graph_module._exec_with_source numpy.f2py.crackfortran.getlincoef
numpy.ctypeslib.load_library sklearn.datasets.fetch_openml sklearn.utils._testing._delete_folder
pandas.core.computation.eval.eval scipy.io.loadmat builtins.map builtins.filter builtins.compile
test.support.script_helper.assert_python_ok ensurepip._run_pip setuptools.sandbox.run_setup
dill._dill._eval_repr numpy.core._ufunc_reconstruct
sklearn.callback._transport.Client pandas.HDFStore numpy.memmap numpy.fromfile torch.utils.data.DataLoader
"""


@pytest.mark.parametrize("dotted", DANGEROUS.split())
def test_a_callable_that_no_allowlist_knows_is_refused_when_called(dotted: str) -> None:
    module, _, leaf = dotted.rpartition(".")
    assert rules(calls(module, leaf, "__import__('os').system('id')")) == {"pickle.call": CRITICAL}


@pytest.mark.parametrize(
    "dotted",
    [
        "networkx.read_gpickle",
        "yaml.unsafe_load",
        "requests.api.get",
        "mlflow.pyfunc.load_model",
        "ray.init",
        "keras.models.load_model",
        "sympy.core.sympify.sympify",
        "six.moves.builtins.exec",
    ],
)
def test_a_function_of_an_unknown_library_is_refused_when_called(dotted: str) -> None:
    module, _, leaf = dotted.rpartition(".")
    assert rules(calls(module, leaf, "x")) == {"pickle.unknown-call": HIGH}


def test_importing_alone_is_a_finding_of_its_own() -> None:
    assert rules(p.whole(p.value([p.name("os", "system")]))) == {"pickle.import": HIGH}
    assert rules(p.whole(p.value([p.name("mylib.text", "tokenize")]))) == {
        "pickle.unknown-import": MEDIUM
    }


@pytest.mark.parametrize(
    ("module", "leaf"),
    [
        ("transformers.training_args", "TrainingArguments"),
        ("xgboost.sklearn", "XGBClassifier"),
        ("gensim.models.word2vec", "Word2Vec"),
        ("spacy.vocab", "Vocab"),
        ("__main__", "MyNet"),
        ("mylib.cython", "__pyx_unpickle_Thing"),
    ],
)
def test_a_class_of_an_unknown_library_is_for_review(module: str, leaf: str) -> None:
    assert rules(p.whole(p.instance(module, leaf, {"a": 1}))) == {"pickle.unknown-class": MEDIUM}


@pytest.mark.parametrize(
    ("args", "severity"),
    [(("no",), MEDIUM), ((1, 2.5), MEDIUM), (("touch /tmp/x",), HIGH), (("http://x/",), HIGH)],
)
def test_a_constructor_whose_arguments_look_like_a_command_is_more(args, severity) -> None:
    assert list(rules(calls("mylib.enums", "Strategy", *args)).values()) == [severity]


def test_a_library_does_not_lend_its_name_to_what_it_imported_from_elsewhere() -> None:
    assert rules(calls("mylib.tools", "Popen", ["reboot"])) == {"pickle.call": CRITICAL}
    assert rules(calls("sklearn.pipeline", "Memory", "x")) == {"pickle.call": CRITICAL}
    assert worst(calls("torch.nn.modules.activation", "F", 1)) == CRITICAL.rank


def test_a_function_of_an_unknown_library_handed_to_a_call_is_taken_for_called() -> None:
    metric = p.call(p.name("sklearn.metrics.pairwise", "pairwise_distances"), [1], [2],
                    p.name("mylib", "run"))  # fmt: skip
    assert rules(p.whole(metric))["pickle.unknown-call"] is HIGH


# ---- ways around scanners, as published and as found


def test_dotted_names_are_refused_whatever_the_module() -> None:
    """GHSA-vvpj-8cmc-gx39 and CVE-2025-10157: a known module in front of any attribute."""
    assert rules(calls("torch", "os.system", "id")) == {"pickle.dotted-name": CRITICAL}
    assert rules(calls("numpy", "_core._internal.sys.modules.__class__")) == {
        "pickle.dotted-name": CRITICAL
    }
    assert rules(p.whole(p.name("torch", "os.system"))) == {"pickle.dotted-name": HIGH}


def test_submodules_of_a_module_are_judged_by_their_own_names() -> None:
    """CVE-2025-10157: picklescan matched the exact module only."""
    assert rules(calls("asyncio.unix_events", "_UnixSubprocessTransport._start")) == {
        "pickle.dotted-name": CRITICAL
    }


def test_getattr_on_an_import_is_a_computed_callee() -> None:
    imported = p.call(p.stack_name("builtins", "__import__"), "os")
    function = p.call(p.stack_name("builtins", "getattr"), imported, "system")
    assert set(rules(p.whole(p.call(function, "id")))) == {"pickle.call", "pickle.computed-callee"}


@pytest.mark.parametrize(
    "owner", [p.name("collections", "OrderedDict"), p.name("sklearn.svm._classes", "SVC")]
)
def test_getattr_reaches_no_internals(owner: bytes) -> None:
    for attribute in ("__init__", "__globals__", "__class__", "__subclasses__"):
        data = p.whole(p.call(p.name("builtins", "getattr"), owner, attribute))
        assert rules(data) == {"pickle.call": CRITICAL}


def test_numpy_builtins_through_build_are_refused() -> None:
    """modelscan #330: BUILD puts builtins into the globals of a numpy function."""
    data = p.whole(
        p.stack_name("numpy", "size"),
        b"}",
        p.value({"shape": p.stack_name("numpy", "__builtins__")}),
        b"\x86b",
    )
    assert rules(data)["pickle.build-on-global"] is CRITICAL
    assert rules(data)["pickle.import"] is HIGH


def test_build_on_a_class_is_refused_even_where_the_class_is_safe() -> None:
    data = p.whole(p.build(p.name("collections", "OrderedDict"), {"__reduce__": 1}))
    assert rules(data) == {"pickle.build-on-global": CRITICAL}


def test_build_on_something_shared_is_refused() -> None:
    logger = p.call(p.name("logging", "getLogger"), "x")
    assert rules(p.whole(p.build(logger, {"manager": 1}))) == {"pickle.build-on-global": CRITICAL}


def test_setitem_on_an_import_is_refused() -> None:
    data = p.whole(p.name("os", "environ"), p.text("LD_PRELOAD"), p.text("x.so"), b"s")
    assert rules(data)["pickle.setitem-on-global"] is CRITICAL


def test_setitem_on_a_tensor_is_refused() -> None:
    """CVE-2026-24747: SETITEM on a non-dict, with weights_only."""
    data = p.torch_zip(p.whole(p.tensor(), p.value(0), p.value(1), b"s"), {"0": bytes(16)})
    assert rules(data) == {"pickle.fill-on-object": HIGH}


def test_extension_codes_are_refused() -> None:
    register = p.call(p.name("copyreg", "add_extension"), "os", "system", 1)
    data = p.whole(register, b"0\x82\x01", p.value(("id",)), b"R")
    assert rules(data) == {"pickle.call": CRITICAL, "pickle.extension-code": CRITICAL}


def test_names_that_are_computed_are_refused() -> None:
    module = p.call(p.name("builtins", "str"), b"os", "ascii")
    data = p.whole(module, p.text("system"), b"\x93", p.value(("id",)), b"R")
    assert rules(data) == {"pickle.computed-name": CRITICAL}


def test_containers_that_drain_a_map_are_refused() -> None:
    mapped = p.call(p.name("builtins", "map"), p.name("os", "system"), ["id"])
    assert rules(p.whole(p.call(p.name("builtins", "list"), mapped)))["pickle.call"] is CRITICAL
    looped = p.call(p.name("builtins", "iter"), p.name("mylib", "run"), 0)
    assert rules(p.whole(p.call(p.name("builtins", "list"), looped)))["pickle.call"] is CRITICAL


def test_a_factory_is_a_class_or_nothing() -> None:
    data = p.whole(p.call(p.name("collections", "defaultdict"), p.name("os", "getcwd")))
    assert rules(data) == {"pickle.import": HIGH}
    computed = p.call(p.name("builtins", "getattr"), p.name("builtins", "str"), "lower")
    data = p.whole(p.call(p.name("collections", "defaultdict"), computed))
    assert rules(data) == {"pickle.call": CRITICAL}


def test_partial_may_not_hide_a_computed_function() -> None:
    computed = p.call(p.name("builtins", "getattr"), p.name("builtins", "str"), "lower")
    first = p.call(p.name("functools", "partial"), p.name("builtins", "int"))
    assert rules(p.whole(p.call(p.name("functools", "partial"), computed))) == {
        "pickle.call": CRITICAL
    }
    assert rules(p.whole(p.build(first, (computed, (), {}, None)))) == {
        "pickle.build-on-global": CRITICAL
    }


def test_bytes_are_encoded_in_one_way_only() -> None:
    assert worst(calls("_codecs", "encode", "bf", "rot13")) == CRITICAL.rank


def test_callables_that_are_safe_in_one_way_are_not_handed_on() -> None:
    rebuild = p.name("torch._tensor", "_rebuild_from_type_v2")
    data = p.whole(
        p.call(rebuild, p.name("builtins", "getattr"), p.name("torch", "Tensor"), (1,), {})
    )
    assert rules(data)["pickle.handed-on"] is HIGH


def test_a_rebuild_function_may_call_rebuild_functions_only() -> None:
    rebuild = p.name("torch._tensor", "_rebuild_from_type_v2")
    inner = p.name("torch._utils", "_rebuild_tensor_v2")
    kind = p.name("torch", "Tensor")
    assert rules(p.whole(p.call(rebuild, inner, kind, (1,), {}))) == {}
    other = p.call(rebuild, p.name("mylib", "run"), kind, (1,), {})
    assert rules(p.whole(other))["pickle.call"] is CRITICAL


def test_the_pickle_for_torch_storage_is_read_and_must_be_a_constant() -> None:
    load = p.name("torch.storage", "_load_from_bytes")
    (finding,) = found(p.whole(p.call(load, p.SYSTEM)))
    assert finding.where.startswith("m.pkl!bytes@")
    computed = p.call(p.name("zlib", "decompress"), zlib.compress(p.SYSTEM))
    assert rules(p.whole(p.call(load, computed)))["pickle.call"] is CRITICAL


def test_the_constructor_of_another_class_is_not_reached_through_a_reconstructor() -> None:
    make = p.name("copyreg", "_reconstructor")
    data = p.whole(
        p.call(make, p.name("sklearn.svm._classes", "SVC"), p.name("mylib", "ProxyCommand"), "id")
    )
    assert rules(data)["pickle.call"] is CRITICAL


TEMPLATE = """
def _parse_args(self,  loc=0, scale=1):
    return (), loc, scale

def _parse_args_rvs(self,  loc=0, scale=1, size=None):
    return self._argcheck_rvs( loc, scale, size=size)

def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):
    return (), loc, scale, moments
"""


@pytest.mark.parametrize(
    ("template", "rule"),
    [(TEMPLATE, {}), (TEMPLATE + "import os", {"pickle.executed-text": CRITICAL})],
)
def test_the_text_that_scipy_executes_is_its_own_template(template: str, rule) -> None:
    state = {f"k{i}": i for i in range(30)} | {"_parse_arg_template": template}
    data = p.whole(p.instance("scipy.stats._continuous_distns", "norm_gen", state))
    assert rules(data) == rule


def test_a_distribution_takes_no_state_that_could_hide_such_a_text() -> None:
    pairs = p.call(p.name("builtins", "dict"), [("_parse_arg_template", "import os")])
    made = p.instance("scipy.stats._continuous_distns", "norm_gen")
    assert rules(p.whole(p.build(made, pairs))) == {"pickle.executed-text": CRITICAL}
    key = p.call(p.name("builtins", "str"), "_parse_arg_template")
    assert rules(p.whole(p.build(made, {key: "import os"}))) == {"pickle.executed-text": CRITICAL}


def test_the_state_of_older_distributions_is_read_as_newer_ones_read_it() -> None:
    made = p.instance("scipy.stats._continuous_distns", "norm_gen")
    old = ({"momtype": 1, "a": 0.0, "b": 1.0}, None)
    assert rules(p.whole(p.build(made, old))) == {}
    pair = ({"_parse_arg_template": "x", "import os": 1}, "ab")
    assert rules(p.whole(p.build(made, pair)))["pickle.executed-text"] is CRITICAL
    twice = p.Raw(p.value({"a": 1, "b": 2}) + p.text("a") + b"K\x03s")
    assert rules(p.whole(p.build(made, (twice, None)))) == {"pickle.executed-text": CRITICAL}


def test_a_class_that_a_legacy_torch_file_brings_its_source_for_is_judged_by_its_name() -> None:
    ident = (
        "module",
        p.name("torch.nn.modules.linear", "Linear"),
        "linear.py",
        "class Linear: ...",
    )
    made = p.Raw(p.value(ident) + b"Q)\x81" + p.value({"training": True}) + b"b")
    assert rules(p.torch_legacy(p.whole(made, version=2), [], b"")) == {}
    ident = ("module", p.name("torch.storage", "_load_from_bytes"), "a", "b")
    called = p.Raw(p.value(ident) + b"Q" + p.value((b"x",)) + b"R")
    assert rules(p.torch_legacy(p.whole(called, version=2), [], b""))


def test_bytes_of_an_array_that_are_opcodes_for_another_loader_are_refused() -> None:
    hidden = p.call(p.stack_name("os", "system"), "id") + b"."
    hidden += bytes(-len(hidden) % 8)
    data = p.whole(p.joblib_array(hidden, (len(hidden) // 8,), p.dtype("<f8")))
    assert rules(data, "m.joblib") == {"pickle.hidden-code": CRITICAL}


def test_code_by_value_is_for_review_and_refused_when_it_runs() -> None:
    cloud = "cloudpickle.cloudpickle"
    kind = p.call(p.name(cloud, "_builtin_type"), "CodeType")
    code = p.call(kind, 1, 0, 0, 1, 2, 19, b"\x97", (None, 1), (), ("x",), "f.py", "f", "f", 1, b"")
    function = p.call(p.name(cloud, "_make_function"), code, {}, None, None, None)
    assert rules(p.whole(function)) == {"pickle.by-value-code": MEDIUM}
    assert rules(p.whole(p.call(function)))["pickle.by-value-call"] is CRITICAL
    fooled = p.call(p.name(cloud, "_function_setstate"), p.name("json", "loads"), ({}, {}))
    assert rules(p.whole(fooled))["pickle.call"] is CRITICAL


def test_a_pickle_that_breaks_off_is_judged_by_what_it_did_before() -> None:
    assert rules(p.SYSTEM[:-1] + b"\xff") == {
        "pickle.call": CRITICAL,
        "pickle.malformed": Severity.LOW,
    }


def test_a_second_pickle_counts_as_much_as_the_first() -> None:
    assert rules(pickle.dumps([1]) + p.SYSTEM) == {"pickle.call": CRITICAL}


def test_bytes_behind_the_last_pickle_are_reported() -> None:
    assert rules(pickle.dumps([1]) + b"\xfe\xfe\xfe") == {"pickle.trailing-data": MEDIUM}


def test_old_joblib_pickles_refer_to_other_files() -> None:
    data = p.whole(p.instance("joblib.numpy_pickle", "NDArrayWrapper", {"filename": "a_01.npy"}))
    assert rules(data)["pickle.files-beside"] is MEDIUM


def test_types_of_torchscript_exist_in_torchscript_alone() -> None:
    pickled = p.whole(p.instance("__torch__.a", "Net", {}))
    script = {"code/__torch__.py": b"x", "constants.pkl": p.whole(b")")}
    assert rules(p.torch_zip(pickled, {}, **script)) == {}
    assert rules(p.torch_zip(pickled, {})) == {"pickle.unknown-class": MEDIUM}


# ---- what a finding says


def test_a_finding_says_what_is_called_where_and_how_it_came_about() -> None:
    (finding,) = found(p.torch_zip(p.SYSTEM, {}), "m.bin")
    assert finding.where == f"m.bin!m/data.pkl byte:{p.SYSTEM.index(b'R')}"
    assert finding.message == (
        f"calls os.system({p.COMMAND!r}): not among the names of the standard library that are safe"
    )
    assert finding.trail == (
        "byte 14: STACK_GLOBAL os.system",
        f"byte {p.SYSTEM.index(b'R')}: REDUCE os.system({p.COMMAND!r})",
    )


def test_like_calls_are_one_finding_with_a_count() -> None:
    many = p.call(p.name("os", "getpid")) * 500
    (finding,) = found(p.whole(b"(", many, b"l"))
    assert finding.message.endswith("(500 times)")


def test_names_that_cannot_be_printed_are_escaped() -> None:
    (finding,) = found(p.whole(p.stack_name("a\x1b]0;b", "c\n")))
    assert finding.message.isprintable()


def test_the_facts_say_what_was_followed() -> None:
    data = pickle.dumps([1]) + p.whole(p.value([ARRAY, p.name("os", "system")]))
    assert facts(claims(look, {"m.pkl": data}))["pickle.imports"] == [
        "numpy.core.multiarray._reconstruct",
        "numpy.dtype",
        "numpy.ndarray",
        "os.system",
    ]


def test_two_looks_claim_the_same_in_the_same_order() -> None:
    files = {"a.pkl": p.SYSTEM, "b.pkl": p.whole(ARRAY, b"0", p.instance("x.y", "Z", {"a": 1}))}
    assert claims(look, files) == claims(look, files)


def test_every_descriptor_has_a_page_and_a_remedy() -> None:
    for descriptor in look.descriptors:
        assert descriptor.id.startswith("pickle.")
        assert len(descriptor.page.split()) > 25
        assert descriptor.remedy


# ---- the allowlist


def test_the_running_interpreter_has_no_say_in_what_the_standard_library_is() -> None:
    for module in (
        "commands",
        "asynchat",
        "imp",
        "cgi",
        "annotationlib",
        "nt",
        "winreg",
        "_winapi",
    ):
        assert allowlist().judge(module, "run").everywhere


def test_nothing_of_the_standard_library_is_allowed_by_its_shape() -> None:
    known = allowlist()
    for module in ("os", "subprocess", "ctypes", "tempfile", "zipfile", "builtins", "socket"):
        assert known.judge(module, "AnyClass").standing is Standing.BLOCKED


def test_every_name_of_the_allowlist_is_a_proper_name_of_a_known_module() -> None:
    proper = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
    for module, names in allowlist()._names.items():
        assert proper.fullmatch(module)
        assert all(proper.fullmatch(name) for name in names)
