#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a verdict on a real model, and one on a poisoned neighbour of it.

Everything lands in demo/. The poisoned files are only built and looked at; were one of them ever
loaded, it would make the file demo/IT-RAN, and the demonstration ends by making sure there is none.
"""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import fetch_demo_model

ROOT = Path(__file__).parent.parent
DEMO = Path("demo")
COMMAND = "touch demo/IT-RAN"
PROGRAM = Path(sys.executable).parent / "steelyard"


def main() -> None:
    """Run the demonstration; exit with a message where it does not go as it should."""
    os.chdir(ROOT)
    os.environ["STEELYARD_STORE"] = str(DEMO / "store.db")
    fetch_demo_model.main()

    tell("A real model: SmolLM2-135M-Instruct, 4 bits a weight.")
    show(0, "check", "demo/model")

    tell("Its poisoned neighbour: a harmless name, a command inside, a template that breaks out.")
    poison(DEMO / "poisoned")
    show(1, "check", "demo/poisoned")

    tell("What is known of both, as pages for a browser, and the store that keeps it.")
    show(0, "report", "demo/model", "--as", "html", "-o", "demo/good.html")
    show(0, "report", "demo/poisoned", "--as", "html", "-o", "demo/poisoned.html")
    show(0, "report", "demo/poisoned", "--as", "json", "-o", "demo/poisoned.json")
    hold_to_what_it_found(DEMO / "poisoned.json")
    show(0, "verify")
    if (DEMO / "IT-RAN").exists():
        sys.exit("something of the poisoned model ran: please report it, see SECURITY.md")
    tell("Nothing of either model ran. Open demo/good.html and demo/poisoned.html.")


def tell(text: str) -> None:
    """Print a line between the commands."""
    print(f"\n# {text}", flush=True)


def show(expected: int, *arguments: str) -> None:
    """Print a command, run it, and hold it to its exit code."""
    print(f"\n$ steelyard {' '.join(arguments)}", flush=True)
    code = subprocess.run([PROGRAM, *arguments], check=False).returncode
    if code != expected:
        sys.exit(f"\nsteelyard {arguments[0]} ended with {code} where {expected} was due")


def hold_to_what_it_found(path: Path) -> None:
    """Make sure the poisoned model failed for what is wrong with it."""
    dossier = json.loads(path.read_text("utf-8"))
    claims = [item["claim"] for item in dossier["evidence"]]
    places = [claim["where"] for claim in claims if claim.get("severity") == "critical"]
    found = dossier["verdict"]["outcome"] == "fail" and all(
        any(place.startswith(file) for place in places)
        for file in ("weights.dat!", "tokenizer_config.json")
    )
    if not found or not any(" byte:" in place for place in places):
        sys.exit(f"the payloads were not found where they are: {places}")


class Payload:
    """Pickles as a call: whoever unpickles it runs the command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return what unpickling calls, and with what."""
        return os.system, (COMMAND,)


def poison(folder: Path) -> None:
    """Write a small model that runs a command when it is loaded, and another when it is prompted."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {"model.embed_tokens.weight": [0.0] * 64, "lm_head.weight": Payload()}
    members = {
        "weights/data.pkl": pickle.dumps(state, protocol=2),
        "weights/byteorder": b"little",
        "weights/data/0": bytes(256),
        "weights/version": b"3\n",
    }
    with zipfile.ZipFile(folder / "weights.dat", "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
        "{{ message['content'] }}<|im_end|>\n{% endfor %}"
        "{{ cycler.__init__.__globals__.os.popen('" + COMMAND + "').read() }}"
    )
    settings = {"tokenizer_class": "GPT2Tokenizer", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2), "utf-8")
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    (folder / "config.json").write_text(json.dumps(config, indent=2), "utf-8")


if __name__ == "__main__":
    main()
