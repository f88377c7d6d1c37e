# SPDX-License-Identifier: Apache-2.0
"""Licence texts that may be shown here, texts of no licence, and cards."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec

from steelyard.detectors.licence_prints import Prints

ROOT = Path(__file__).parent.parent.parent
APACHE = (ROOT / "LICENSE").read_text("utf-8")
MIT = """MIT License

Copyright (c) 2024 Some Body

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
BSD_3 = """BSD 3-Clause License

Copyright (c) 2024, the Somebody Institute
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

3. Neither the name of the Somebody Institute nor the names of its
   contributors may be used to endorse or promote products derived from
   this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE SOMEBODY INSTITUTE "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE SOMEBODY INSTITUTE BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""
HOUSE_TERMS = """Terms of the Example Model

You may use the Model for research purposes only. Any commercial use is prohibited.
If your products have more than 1,000,000 monthly active users, ask for a licence.

Outputs of the Model must not be used to train other models.
The name of a derivative must be shown with "Built with Example".
"""


def card(body: str = "A model.", **fields: str) -> bytes:
    """Return a README with front matter; the values of the fields are written as they stand."""
    lines = [f"{key}: {value}" for key, value in fields.items()]
    return "\n".join(["---", *lines, "---", body]).encode()


@cache
def script() -> ModuleType:
    """Return the script that builds fingerprints."""
    path = ROOT / "scripts" / "build_licence_fingerprints.py"
    spec = importlib.util.spec_from_file_location("build_licence_fingerprints", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prints(folder: Path, *entries: dict, **texts: str) -> Prints:
    """Return fingerprints of texts of one's own: by name, as their list has them."""
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    sources = {"own": {"name": "texts of one's own", "date": "2026-01-01"}}
    listing = msgspec.convert({"sources": sources, "texts": list(entries)}, script().Listing)
    return Prints.read(script().build(listing, {"own": folder}))
