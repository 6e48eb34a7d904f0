# Dragoman: set-up, the demo and every check.
# Needs Python 3.11 or newer with its venv module, and make. Uses uv where it is on the PATH, venv and pip otherwise.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
LOCK_FLAGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test check soak bench docs lock audit clean

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

setup: $(VENV)/installed $(BIN)/dragoman  ## make .venv with what Dragoman needs to run

demo: setup  ## play a negotiating fortnight in the terminal
	@$(BIN)/dragoman demo

test: check  ## run every check and the tests
	$(BIN)/pytest -n 6 --dist worksteal

check: $(VENV)/installed-test $(BIN)/dragoman  ## lint, formatting, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(VENV)/installed-test $(BIN)/dragoman  ## run the tests that take long
	$(BIN)/pytest -m soak
	$(BIN)/pytest -n 2 -m hypothesis --hypothesis-profile=new

bench: $(VENV)/installed-test $(BIN)/dragoman  ## measure, as ratios within one run
	$(BIN)/python -m tests.benchmarks

docs: $(VENV)/installed-test $(BIN)/dragoman  ## write the reference of commands anew
	$(BIN)/python -m tests.reference

lock:  ## rebuild the lock files (LOCK_FLAGS=--upgrade takes newer versions); needs uv
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH: install it, then try again." >&2; exit 1; }
	uv pip compile $(COMPILE) --group build $(LOCK_FLAGS) pyproject.toml -o requirements.lock
	uv pip compile $(COMPILE) --group build --group test -c requirements.lock $(LOCK_FLAGS) pyproject.toml -o requirements-test.lock

audit:  ## ask for known vulnerabilities in what users install; needs the network
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(PYTHON) -m venv "$$folder" && \
		"$$folder/bin/pip" --quiet --disable-pip-version-check install pip-audit && \
		"$$folder/bin/pip-audit" --strict --require-hashes --disable-pip -r requirements.lock

clean:  ## remove .venv and the caches
	rm -rf $(VENV) build dragoman.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# One lock serves every platform and Python version, so it holds the hash of each file of a release.
COMPILE := --quiet --only-binary :all: --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

# Wheels only: building from source would fetch build tools that no lock vouches for.
PACKAGES := --quiet --require-hashes --only-binary :all:
INSTALL = if command -v uv >/dev/null; then uv pip install --python $(BIN)/python $(1); \
	else $(BIN)/python -m pip --disable-pip-version-check install $(1); fi

$(VENV)/installed: requirements.lock $(VENV)/pyvenv.cfg
	@echo "Installing what Dragoman needs ..."
	@$(call INSTALL,$(PACKAGES) -r requirements.lock)
	@touch $@

$(VENV)/installed-test: requirements-test.lock $(VENV)/pyvenv.cfg
	@echo "Installing what Dragoman and its tests need ..."
	@$(call INSTALL,$(PACKAGES) -r requirements-test.lock)
	@touch $@

# The build backend comes from whichever lock was installed; nothing else is fetched.
# PIP_QUIET keeps back setuptools' general warning about editable installs; errors still show.
$(BIN)/dragoman: pyproject.toml $(VENV)/pyvenv.cfg
	@export PIP_QUIET=1; $(call INSTALL,--quiet --no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Dragoman needs Python 3.11 or newer: install it, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@if command -v uv >/dev/null; then uv venv --quiet --clear --python "$$(command -v $(PYTHON))" $(VENV); \
	else $(PYTHON) -m venv --clear $(VENV); fi || { rm -rf $(VENV); \
		echo "Python could not make a virtual environment: install python3-venv, then try again." >&2; exit 1; }
