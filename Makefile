# Everything a user or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?=
ROWS ?= 926325
DIRT ?= real
VENV := .venv
# make setup EMBEDDED= leaves the embedded engine and its Node (206 MB) out, for those who have a server.
EMBEDDED ?= yes
BIN := $(VENV)/bin
# One lock for all Pythons. dbt's experimental parser downloads from the web while it is built, and nothing here uses it.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet \
	--no-emit-package dbt-core-experimental-parser
INSTALL = $(BIN)/python -m pip install --progress-bar off --disable-pip-version-check --no-deps
PYTEST ?= python -m pytest
export PATH := $(CURDIR)/$(BIN):$(PATH)
export RUNTIME__DLTHUB_TELEMETRY := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.PHONY: help setup demo test lint types check pytest mutants bench bench-queries bench-growth bench-compare bench-load bench-quant bench-factors diagram lock clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## virtual environment from the hash-pinned lock, and the engine's Node packages

$(VENV)/.ready: requirements.lock requirements-embedded.lock pyproject.toml embedded/package-lock.json
	@python=$$(scripts/find-python $(PYTHON)); echo "Setting up $(VENV) with $$python: about two minutes."; $$python -m venv $(VENV)
	@$(INSTALL) --require-hashes --requirement requirements.lock $(if $(EMBEDDED),--requirement requirements-embedded.lock) | scripts/show-pip
	@$(INSTALL) --no-build-isolation --quiet --editable .
	@$(BIN)/python -m compileall -q $(VENV)/lib || true
	@$(if $(EMBEDDED),echo "  Installing the embedded engine" && $(BIN)/python -m loader.embedded setup)
	@touch $@

demo: setup ## the main job on a generated database: make demo ROWS=20000 is the quick one
	@scripts/demo $(ROWS) $(DIRT)

test: setup lint types pytest ## every check

lint: setup ## ruff, sqlfluff and the packages' boundaries
	@ruff check .
	@ruff format --check .
	@sqlfluff lint models tests macros packages
	@lint-imports --no-cache > /dev/null || lint-imports --no-cache

types: setup ## mypy
	@mypy

pytest: setup ## all tests: the whole way on the embedded engine, and on a server where POSTGRES_HOST names one
	@$(PYTEST)

bench: bench-queries bench-growth ## both: an hour

bench-queries: setup ## the platform's queries beside plain PostgreSQL, DuckDB and SQLite: reports/bench (ARGS=--help)
	@python -m benchmarks.queries $(ARGS)

bench-growth: setup ## load, build and verdict at 1, 3 and 10 times the rows, beside their floors: reports/bench (ARGS=--help)
	@python -m benchmarks.growth $(ARGS)

bench-compare: setup ## two results of bench side by side: make bench-compare A=reports/before B=reports/bench
	@python -m benchmarks.pages $(A) $(B)

mutants: setup ## plant small faults one by one and see that a test fails each time (ARGS=--help)
	@python -m tests.mutants $(ARGS)

bench-load: setup ## what a load takes on the server that POSTGRES_HOST names, beside \copy and pgloader (ARGS=--help)
	@python -m benchmarks.load $(ARGS)

bench-quant: setup ## what the package takes beside COPY, on the server that POSTGRES_HOST names (ARGS=--help)
	@python -m benchmarks.quant $(ARGS)

bench-factors: setup ## what the factors take beside plain SQL, on the server that POSTGRES_HOST names (ARGS=--help)
	@python -m benchmarks.factors $(ARGS)

diagram: setup ## docs/DATABASE_SCHEMA_DIAGRAM.md from models/**/*.yml
	@python -m expectations.diagram

lock: ## renew both lock files from pyproject.toml (needs uv)
	@$(LOCK) pyproject.toml --group dev --output-file requirements.lock
	@python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['embedded'])" \
		| $(LOCK) - --output-file requirements-embedded.lock

clean: ## remove what was generated, but never data/
	@rm -rf target logs reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
