# Everything a user or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
ROWS ?= 926325
DIRT ?= real
VENV := .venv
BIN := $(VENV)/bin
PYTEST ?= python -m pytest
export PATH := $(CURDIR)/$(BIN):$(PATH)
export RUNTIME__DLTHUB_TELEMETRY := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.PHONY: help setup demo test lint types check pytest bench-load diagram lock clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## virtual environment from the hash-pinned lock, and the engine's Node packages

$(VENV)/.ready: requirements.lock pyproject.toml loader/embedded/package-lock.json
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install Python 3.11, or name one with make PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11: name one with make PYTHON=…" >&2; exit 2; }
	@echo "Setting up $(VENV): about two minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(VENV)/lib || true
	@$(BIN)/python -m loader.embedded setup
	@touch $@

demo: setup ## the main job on a generated database: make demo ROWS=20000 is the quick one
	@scripts/demo $(ROWS) $(DIRT)

test: setup lint types pytest ## every check

lint: setup ## ruff and sqlfluff
	@ruff check .
	@ruff format --check .
	@sqlfluff lint models tests macros

types: setup ## mypy
	@mypy

pytest: setup ## all tests: the whole way on the embedded engine, and on a server where POSTGRES_HOST names one
	@$(PYTEST)

bench-load: setup ## what a load takes on the server that POSTGRES_HOST names, beside \copy and pgloader (ARGS=--help)
	@python -m benchmarks.load $(ARGS)

diagram: setup ## docs/schema.md from models/**/*.yml
	@python -m expectations.diagram

lock: ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --output-file requirements.lock --quiet

clean: ## remove what was generated, but never data/
	@rm -rf target logs reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
