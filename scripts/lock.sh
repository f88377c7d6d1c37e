#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes requirements/*.txt anew: newest versions, a week old at least, with the hashes the index gives.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet 'uv>=0.11'

compile() { # compile TARGET SOURCE... : the lock file of some sources, for every platform
  local target=$1
  shift
  "$work/venv/bin/uv" pip compile "$@" --no-config --universal --python-version 3.11 \
    --generate-hashes --only-binary :all: --exclude-newer "$(date -u -d '7 days ago' +%F)" \
    --no-header --no-emit-index-url --no-emit-find-links --upgrade --quiet --output-file "$target"
}

compile requirements/base.txt pyproject.toml
compile requirements/build.txt requirements/build.in --constraints requirements/base.txt
compile requirements/dev.txt pyproject.toml requirements/build.in requirements/dev.in --extra archives --extra llama \
  --constraints requirements/base.txt --constraints requirements/build.txt
compile requirements/full.txt requirements/full.in --constraints requirements/dev.txt
