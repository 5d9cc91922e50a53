# `make up` and `make test` need make and Python 3.11 or newer, nothing else. PYTHON= names another interpreter.
PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help up setup setup-test test test-all lint bench lock sdk-contract clean

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s  %s\n", $$1, $$2 }' Makefile

up: setup ## make the environment, start everything, say what to do next
	@$(BIN)/bos up

setup: $(VENV)/.installed ## make the environment with what Bos needs to run

setup-test: $(VENV)/.installed-test

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Bos needs Python 3.11 or newer, and '$(PYTHON)' is not: try 'make $(MAKECMDGOALS) PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "'$(PYTHON)' cannot make virtual environments: install its venv package (Debian: python3-venv)." >&2; exit 1; }
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml $(VENV)/.made
	@echo "Installing what Bos needs (under a minute, once) ..."
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) --require-hashes --requirement requirements-test.lock
	@touch $@

test: setup-test ## run the tests that are not slow
	@$(BIN)/python -m pytest -m "not slow"

test-all: setup-test ## run every test
	@$(BIN)/python -m pytest

lint: setup-test ## check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup-test ## measure, each figure beside its raw limit
	@$(BIN)/python -m bench

sdk-contract: setup-test ## record what the SDK promises applets
	@$(BIN)/python -m registry.contracts.record tests/contract/sdk_contract.json

lock: ## compute the lock files anew (needs uv)
	@$(COMPILE) pyproject.toml requirements.in --output-file requirements.lock
	@$(COMPILE) pyproject.toml requirements.in --extra test --constraints requirements.lock --output-file requirements-test.lock

clean: ## remove the environment and caches, never your data in .bos
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
