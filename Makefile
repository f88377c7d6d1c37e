# SPDX-License-Identifier: Apache-2.0
# Everything a person or a machine does with this repository. `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n auto
FUZZ_ARGS ?= --seconds 60
TORCH ?= 2.13.0
BENCH_EVAL ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCKED := $(PIP) install -qq --require-hashes --only-binary :all:
SELF := $(PIP) install -qq --no-deps --no-build-isolation --no-index --editable .
MODEL := demo/model/SmolLM2-135M-Instruct.Q4_1.gguf

.DEFAULT_GOAL := help
.PHONY: help setup full demo test check format docs bench bench-eval bench-scan fuzz coverage lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.run ## Make a virtual environment with the package in it
	@echo 'ready: $(BIN)/steelyard --help'

full: $(VENV)/.full ## Install what only some tests need: torch, transformers, Ray (1 GB)
	@echo 'ready: make test leaves nothing out'

demo: $(VENV)/.run ## Check a real model, and a poisoned one
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.dev ## Run all tests
	@$(BIN)/python scripts/fetch_demo_model.py || echo 'going on without the real model: its tests are skipped'
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.dev ## Lint, format, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Bring the code into its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.dev ## Rewrite what is generated in the docs, and the output of their examples
	@$(BIN)/python scripts/write_docs.py
	@STEELYARD_UPDATE_DOCS=1 $(BIN)/python -m pytest -q -p no:randomly tests/docs

bench: $(VENV)/.dev ## Measure cost beside hashing and other scanners (10 minutes, 8 GB of disk)
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.registry
	@$(BIN)/python -m benchmarks.scan_cost
	@$(BIN)/python -m benchmarks.shards
	@$(BIN)/python -m benchmarks.opcodes
	@$(BIN)/python -m benchmarks.use_cases
	@$(BIN)/python scripts/write_docs.py

bench-eval: $(VENV)/.full ## Measure scoring beside lm-evaluation-harness (BENCH_EVAL='--lm-eval ENV --model DIR --data DIR')
	@$(BIN)/python -m benchmarks.eval_cost $(BENCH_EVAL)
	@$(BIN)/python scripts/write_docs.py

bench-scan: $(VENV)/.dev ## Measure detection beside other scanners (needs the corpus generator)
	@$(BIN)/python -m benchmarks.scan_matrix
	@$(BIN)/python scripts/write_docs.py

fuzz: $(VENV)/.dev ## Throw mutated files at every reader, a minute each
	@$(BIN)/python -m fuzz.mutate $(FUZZ_ARGS)

coverage: $(VENV)/.dev ## Run all tests and show which lines of core and flow they miss
	@$(BIN)/coverage run -m pytest -q
	@$(BIN)/coverage report --show-missing --include='src/steelyard/core/*,src/steelyard/flow/*'

lock: ## Write requirements/*.txt anew
	PYTHON=$(PYTHON) scripts/lock.sh

clean: ## Remove everything that was made here
	rm -rf $(VENV) demo .hypothesis .ruff_cache .mypy_cache .import_linter_cache .coverage

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit("steelyard needs Python 3.11 or newer; this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	@echo 'making a virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV) || { echo 'python3 -m venv failed (on Debian: apt-get install python3-venv)' >&2; rm -rf $(VENV); exit 1; }

# The stamps: what is installed is what the lock files say, and is installed once.
$(VENV)/.run: $(VENV)/pyvenv.cfg requirements/base.txt requirements/build.txt pyproject.toml
	@echo 'installing what requirements/base.txt locks'
	@$(LOCKED) -r requirements/base.txt -r requirements/build.txt
	@$(SELF)
	@touch $@

$(VENV)/.dev: $(VENV)/pyvenv.cfg requirements/dev.txt pyproject.toml
	@echo 'installing what requirements/dev.txt locks'
	@$(LOCKED) -r requirements/dev.txt
	@$(SELF)
	@touch $@ $(VENV)/.run

# torch comes first and by version alone: an index or a folder with builds for the processor is the machine's to name.
$(VENV)/.full: $(VENV)/.dev requirements/full.txt
	@echo 'installing torch $(TORCH), and what requirements/full.txt locks'
	@$(PIP) install -qq --only-binary :all: torch==$(TORCH)
	@$(LOCKED) -r requirements/full.txt
	@touch $@
