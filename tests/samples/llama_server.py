# SPDX-License-Identifier: Apache-2.0
"""The server of llama.cpp, as it comes with xllamacpp, in a process of its own.

python tests/samples/llama_server.py FILE.gguf

It listens on a free port of the loopback address, which it prints, until its standard input ends.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAME = "demo"
CELLS = 1024  # tokens of the context


@contextlib.contextmanager
def llama_server(model: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a GGUF file; yields the address up to `/v1`, and the process."""
    with subprocess.Popen(
        [sys.executable, __file__, str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), "the server did not start"
            yield f"{address}/v1", process
        finally:
            process.kill()


def main() -> None:
    """Serve, computing as the engine `llama` does, so that texts can be held against its own."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {NAME}
    params.n_ctx = CELLS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.no_extra_bufts = True
    params.warmup = False
    params.cache_prompt = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - read by whoever started it
    sys.stdin.read()


if __name__ == "__main__":
    main()
