# SPDX-License-Identifier: Apache-2.0
"""A target for atheris, guided by coverage: python -m fuzz.atheris_target FORMAT [libFuzzer options].

atheris is not among the locked packages, for it has no wheel for every Python: pip install atheris.
FORMAT is the id of a format, or `flow`. The first run writes the seeds to fuzz/corpus/FORMAT.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["steelyard"]):
    from fuzz import harness
    from fuzz.seeds import seeds


def main() -> None:
    """Run until libFuzzer is told to stop, or something breaks."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    target = sys.argv.pop(1)
    corpus = Path(__file__).parent / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (corpus / name).write_bytes(data)

    def one_input(data: bytes) -> None:
        if target == "flow":
            harness.examine("sample.bin", data)
        else:
            harness.read(target, data)

    limits = ["-timeout=5", "-rss_limit_mb=400"]
    atheris.Setup([sys.argv[0], *limits, str(corpus), *sys.argv[1:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
