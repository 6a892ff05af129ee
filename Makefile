# Two commands matter: `make demo` and `make test`. Each makes its own environment first.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# the first interpreter that is new enough and starts
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)

# many tests wait for a process or a fence of seconds, and leave their core to another meanwhile
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.PHONY: help demo test clients bench record lint venue clean

help:
	@echo "make demo     a local exchange, three orders through the wire, compared with its ledger"
	@echo "make test     ruff, mypy --strict, import-linter, pytest"
	@echo "make clients  other people's clients, unmodified, against the local venue"
	@echo "make bench    speed, side by side with peers"
	@echo "make record   record the cassettes again"
	@echo "make venue    the local venue, until Ctrl-C"
	@echo "make lint     only the checks that need no run"
	@echo "make clean    remove the environment and caches"

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Yunmin needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python."; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) …"
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --clear --python "$(PYTHON)" $(VENV) && \
		uv pip install --quiet --python $(BIN)/python --editable '.[ccxt,data,testing]' --group test --group lint; \
	else \
		"$(PYTHON)" -m venv --clear $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[ccxt,data,testing]' --group test --group lint; \
	fi
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/yunmin demo

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# two of other people's clients need environments of their own, at pinned versions: see tests/clients
test: lint
	@$(BIN)/python -m tests.clients.environments python-binance binance-sdk-spot
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# each in an environment of its own under .venv-clients; the first time takes minutes
clients: $(STAMP)
	@$(BIN)/python -m tests.clients.run_all

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks.run_all

record: $(STAMP)
	$(BIN)/python -m yunmin.testing.record binance

venue: $(STAMP)
	@$(BIN)/yunmin venue up

clean:
	rm -rf $(VENV) .venv-clients .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
