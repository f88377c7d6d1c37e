# SPDX-License-Identifier: Apache-2.0
"""Files of everyday use pass: what a scanner reports of them is a false alarm."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from steelyard.core.policy import Outcome
from tests.samples.opcodes import (
    EMPTY_DICT,
    NONE,
    attribute,
    binary,
    build,
    call,
    dict_of,
    integer,
    list_of,
    pickled,
    text,
    thing,
    tuple_of,
)
from tests.samples.verdicts import verdict

JOBLIB_0 = (
    b"(dVx\nccopy_reg\n_reconstructor\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\nc__builtin__\nobject\n"
    b"NtR(dVsubclass\ncnumpy\nndarray\nsVshape\n(I3\ntsVorder\nVC\nsVdtype\ncnumpy\ndtype\n(Vu1\nI00\nI01\n"
    b"tR(I3\nV|\nNNNI-1\nI-1\nI0\ntbsVallow_mmap\nI01\nsVnumpy_array_alignment_bytes\nI16\nsb"
    b"\x02\xff\xff\x0d\x0e\x0fs."
)
F8 = call(thing("numpy.dtype"), text("f8"), b"\x89", b"\x88")
PICKLES = {
    "joblib of protocol 0": JOBLIB_0,
    "estimators by name in a bunch": pickled(
        thing("sklearn.utils._bunch.Bunch") + b")\x81" + text("a") + integer(1) + b"s"
    ),
    "tokenizer": pickled(
        build(
            thing("sklearn.feature_extraction.text.TfidfVectorizer") + b")\x81",
            dict_of("tokenizer", attribute(thing("builtins.str"), "split")),
        )
    ),
    "pattern's method": pickled(
        attribute(call(thing("re._compile"), text(r"\w+ "), integer(32)), "findall")
    ),
    "array of dill": pickled(
        call(
            thing("dill._dill._create_array"),
            thing("numpy.core.multiarray._reconstruct"),
            tuple_of(thing("numpy.ndarray"), tuple_of(integer(0)), binary(b"b")),
            tuple_of(integer(1), tuple_of(integer(0)), F8, b"\x89", binary(b"")),
            NONE,
        )
    ),
    "array of texts by joblib": pickled(
        build(
            thing("joblib.numpy_pickle.NumpyArrayWrapper") + b")\x81",
            EMPTY_DICT
            + text("shape")
            + tuple_of(integer(1))
            + b"s"
            + text("dtype")
            + call(thing("numpy._core._internal._convert_to_stringdtype_kwargs"), integer(1))
            + b"s"
            + text("numpy_array_alignment_bytes")
            + integer(16)
            + b"s",
        )
        + pickled(list_of(text("a")))
    ),
    "loss of scikit-learn 1.6": pickled(call(thing("_loss.CyHalfTweedieLoss"), b"G" + bytes(8))),
    "loss of scikit-learn 1.5": pickled(
        call(
            thing("_loss.__pyx_unpickle_CyHalfGammaLoss"),
            thing("_loss.CyHalfGammaLoss"),
            integer(238750788),
            tuple_of(),
        )
    ),
    "member of an enumeration": pickled(attribute(thing("http.HTTPStatus"), "OK")),
    "method of a distribution": pickled(
        attribute(thing("scipy.stats._continuous_distns.norm_gen") + b")\x81", "_pdf")
    ),
    "multivariate distribution": pickled(thing("scipy.stats._multivariate.wishart_gen") + b")\x81"),
    "business days": pickled(
        call(
            thing("pandas._libs.tslibs.offsets.CustomBusinessDay"),
            integer(1),
            text("Mon Tue Wed Thu Fri"),
        )
    ),
    "grouper of pandas 3": pickled(thing("pandas.api.typing.TimeGrouper") + b")\x81"),
    "nested tensor": pickled(
        call(
            thing("torch._tensor._rebuild_from_type_v2"),
            thing("torch.nested._internal.nested_tensor._rebuild_njt"),
            thing("torch.nested._internal.nested_tensor.NestedTensor"),
            tuple_of(EMPTY_DICT),
            EMPTY_DICT,
        )
    ),
    "data parallel": pickled(thing("torch.nn.parallel.data_parallel.DataParallel") + b")\x81"),
    "optimiser under its short name": pickled(thing("torch.optim.Adafactor") + b")\x81"),
    "packed sequence": pickled(call(thing("torch.nn.utils.rnn.PackedSequence"), NONE)),
    "method of a schedule": pickled(
        text("torch.optim.lr_scheduler") + text("CyclicLR._triangular_scale_fn") + b"\x93"
    ),
    "zone of dateutil 4": pickled(
        call(
            thing("dateutil.tz._tzfile._unpickle"),
            thing("dateutil.tz._tzfile.tzfile"),
            text("Europe/Berlin"),
            NONE,
            tuple_of(),
        )
    ),
}


@pytest.mark.parametrize("case", PICKLES)
def test_a_pickle_of_known_libraries_passes(tmp_path: Path, case: str) -> None:
    assert verdict(tmp_path, "model.pkl", PICKLES[case]) is Outcome.PASS


def _wide(archive: bytes) -> bytes:
    """Put zip64 records before the end record, as torch writes them always."""
    at = archive.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HLL", archive, at + 10)
    record = struct.pack("<LQHHLLQQQQ", 0x06064B50, 44, 30, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<LLQL", 0x07064B50, 0, at, 1)
    return archive[:at] + record + locator + archive[at:]


@pytest.mark.parametrize("length", range(15, 30))
def test_a_zip64_archive_passes_whatever_the_length_of_its_names(
    tmp_path: Path, length: int
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("data.pkl", "data/0", "version"):
            archive.writestr(f"{'x' * length}/{name}", pickled(NONE))
    assert verdict(tmp_path, "model.pt", _wide(file.getvalue())) is Outcome.PASS


LONG = "word " * 300
TEXTS = {
    "header of a long table": f"c{LONG},b\n1,2\n",
    "long lines": f"i{LONG}\n{LONG}\n{LONG}\n",
    "list in brackets": f"({LONG}\n(index {LONG}\nend)\n",
    "words, then a dot": "column of words\nother words\n.hidden\nmore\n",
    "words of a vocabulary": "cat\ndog\n.net\nthe\n",
    "numbers, then a dot": "I\n.5\n",
    "paragraphs": f"Plain {LONG}\nand {LONG}\na {LONG}\n",
    "table of numbers": "5,6\n" * 50,
    "brackets": "]]]\n}}}\n",
}


@pytest.mark.parametrize("name", ["notes.txt", "table.csv", "vocab", "tokens.model"])
@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_begins_like_opcodes_passes(tmp_path: Path, case: str, name: str) -> None:
    assert verdict(tmp_path, name, TEXTS[case].encode()) is Outcome.PASS
