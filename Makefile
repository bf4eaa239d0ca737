# Everything a newcomer needs: `make demo` and `make test`. `make help` explains the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SEEDS ?= 200
PORT ?= 8080
PROFILE ?= virtual
JOBS ?= 2

.PHONY: help setup demo test check bench sim kills golden accept docs lock clean

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/\1\t\2/' | expand -t 10

setup: $(VENV)/.ready ## Install what the product needs: Debian packages (as root) and a virtual environment

$(VENV)/.ready: requirements.lock pyproject.toml tools/system-packages
	@tools/system-packages
	@echo "Installing the pinned Python packages into $(VENV). The first time this takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Start broker, backend and a virtual terminal; open the address it prints (PORT=8080 PROFILE=virtual)
	@$(BIN)/python -m demo --port $(PORT) --profile $(PROFILE)

test: setup ## Run the whole test suite
	@$(BIN)/python tools/run-tests --jobs $(JOBS)

check: setup ## Lint, types, layers, generated files current
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/tidy

bench: setup ## Measure every figure we claim, as ratios; table and JSON in reports/
	@$(BIN)/python -m benchmarks

sim: setup ## Simulate shop days with faults and power cuts: make sim SEEDS=200
	@$(BIN)/python -m simulation --seeds $(SEEDS) --jobs $(JOBS)

kills: setup ## The big power-cut run: write-log cuts and kills at exact writes
	@$(BIN)/python -m pytest -q tests/power --cuts 20000 --kills 400

golden: setup ## Draw all golden pictures anew; look at the difference before you commit
	@GOLDEN=update $(BIN)/python -m pytest -q tests/render tests/screens tests/paper tests/layout

accept: setup ## A fresh clone in a fresh folder: both README commands, as a newcomer runs them
	@tools/accept

docs: setup ## Write every generated document anew
	@$(BIN)/python tools/write-docs

lock: setup ## Resolve the lock file anew, with hashes and without addresses
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/python -m piptools compile --quiet --generate-hashes --all-extras --strip-extras --allow-unsafe --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml

clean: ## Remove everything that was made here
	@rm -rf $(VENV) build dist reports var .mypy_cache .ruff_cache .pytest_cache .hypothesis
