# Every target sets up what it needs in .venv (and .venv-peer for comparisons) by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEER := .venv-peer
PEER_VERSION := 3.0.0
PIP := -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint format validate validate-full bench docs clean

help:
	@echo "make demo      simulate raw exposures, make a mosaic of them, compare with the truth"
	@echo "make test      run the test suite"
	@echo "make lint      style, types, import contracts"
	@echo "make validate  small comparison with truth and with the observatory's pipeline"
	@echo "make validate-full  all of it, written to docs/validation.md"
	@echo "make bench     time and memory beside the observatory's pipeline, to docs/benchmarks.md"
	@echo "make docs      documentation in docs/_build/html"

$(VENV)/.runtime: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "webbcal needs Python 3.11 or later; set PYTHON=python3.xx"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) -e .
	$(BIN)/python -m compileall -q src  # pip does so where it copies, not here
	touch $@

$(VENV)/.test: $(VENV)/.runtime
	$(BIN)/python $(PIP) -e '.[test]'
	touch $@

$(VENV)/.lint: $(VENV)/.runtime
	$(BIN)/python $(PIP) -e '.[lint]'
	touch $@

$(VENV)/.docs: $(VENV)/.runtime
	$(BIN)/python $(PIP) -e '.[docs]'
	touch $@

$(PEER)/.installed:
	test -x $(PEER)/bin/python || $(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python $(PIP) "jwst==$(PEER_VERSION)"
	touch $@

demo: $(VENV)/.runtime
	$(BIN)/webbcal demo --output-dir demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 -q

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

validate: $(VENV)/.runtime $(PEER)/.installed
	$(BIN)/python -m validation --small --peer $(PEER)/bin/python

validate-full: $(VENV)/.runtime $(PEER)/.installed
	$(BIN)/python -m validation --peer $(PEER)/bin/python --report docs/validation.md

bench: $(VENV)/.runtime $(PEER)/.installed
	$(BIN)/python -m benchmarks --peer $(PEER)/bin/python --report docs/benchmarks.md

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

clean:
	rm -rf demo docs/_build docs/generated validation/out benchmarks/out
