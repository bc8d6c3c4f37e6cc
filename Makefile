# Everything the project can do, by name. `make` alone prints the list.
# Nothing is needed but Python 3.11 or later, make and git: each target makes its own environment.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PY := $(BIN)/python
# Processes of pytest, one more than processors since many tests wait for a process of their own;
# and further arguments for it: make test ARGS="tests/core -k policy"
JOBS ?= 3
ARGS ?=
# How long `make nightly` walks: 1 is a night, 0.01 a rehearsal.
NIGHT ?= 1


# The newest suitable interpreter that really starts; PYTHON=… chooses another.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)

##@ Begin

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make the environment .venv from the lock file (every target does it when due)
	@[ -n "$(PYTHON)" ] || { echo "set-up: no Python 3.11 or later was found; name one with PYTHON=…"; exit 1; }
	@$(PYTHON) checks/set_up.py dev

.PHONY: demo
demo: setup ## Tell the main story with real processes: a licence is used, reported, acknowledged
	@$(BIN)/gauger demo $(ARGS)

.PHONY: demo-shell
demo-shell: setup ## Tell an operator's story at the shell, over SSH: log in, configure, report, reload
	@$(BIN)/gauger demo shell $(ARGS)

.PHONY: demos
demos: demo demo-shell ## Run every demo

.PHONY: run
run: setup ## Serve a CSSM on loopback with example data; prints where to go next
	@$(BIN)/gauger cssm run-example $(ARGS)

##@ Check

.PHONY: test
test: setup ## Run all tests with coverage and both coverage gates
	@$(PY) -m checks.run_tests --target test --jobs $(JOBS) -- $(ARGS)

.PHONY: check
check: setup ## Run all static checks: ruff, mypy, import contracts, style budget
	@$(MAKE) --keep-going lint types imports style
	@echo "make check: ruff, mypy, import contracts and style budget are content"

.PHONY: lint
lint: setup ## Check with ruff: rules and format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python -m checks.hazards
	@$(BIN)/python -m checks.lock --check requirements

.PHONY: types
types: setup ## Check types with mypy --strict
	@$(BIN)/mypy

.PHONY: imports
imports: setup ## Check which module may import which
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache --no-logo
	@$(PY) -m checks.import_rules

.PHONY: style
style: setup ## Check the style budget: sizes, complexity, docstrings, suppressions
	@$(PY) -m checks.style_budget

.PHONY: format
format: setup ## Let ruff mend what it can, and format
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format

.PHONY: interop
interop: setup ## Run the tests against tools of others, in environments of their own
	@$(PYTHON) checks/set_up.py interop interop-ansible interop-scrapli
	@$(PY) -m checks.run_tests --target interop -- $(ARGS)

.PHONY: nightly
nightly: setup ## Search for hours: every bit of what is signed, long walks, wide fuzzing (NIGHT=0.01 rehearses)
	@NIGHT=$(NIGHT) $(PY) -m checks.nightly $(ARGS)

.PHONY: conformance
conformance: setup ## Put every case of the conformance suite before our own command
	@$(PY) conformance/run.py --command "$(BIN)/gauger" $(ARGS)

.PHONY: coverage-map
coverage-map: setup ## Print which requirement and threat has which tests, those without included
	@$(PY) -m checks.coverage_map

.PHONY: coverage-gates
coverage-gates: setup ## Judge the coverage that the last `make test` measured
	@$(PY) -m checks.coverage_gates

.PHONY: audit
audit: setup ## Look up known advisories for the locked packages, where an index answers
	@$(PY) -m checks.audit

.PHONY: bench
bench: setup ## Measure, and write build/bench.json
	@if [ -f bench/__main__.py ]; then $(PY) -m bench $(ARGS); else echo "bench: nothing is measured yet"; fi

.PHONY: sweep
sweep: setup ## Let a fault befall every system call of every command: ARGS="--points 5" samples
	@$(PY) -m sweep $(ARGS)

##@ Make

.PHONY: docs
docs: setup ## Build the documentation into build/docs; a warning is an error
	@$(PY) -m sphinx --fail-on-warning --keep-going --quiet -b html docs build/docs
	@echo "docs: open build/docs/index.html"

.PHONY: lock
lock: setup ## Make the lock files anew; UPGRADE=1 takes the newest versions
	@$(PY) -m checks.lock $(if $(UPGRADE),--upgrade)

.PHONY: deps-system
deps-system: ## Install the Debian packages that some tests need (as root)
	@bash checks/deps_system.sh

.PHONY: clean
clean: ## Remove what the targets made, the environments included
	@rm -rf build dist .venv .venv-* .venv*.lock .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
