# The same verbs on a laptop and in CI. Needs python3.11 or newer, git and make; the rest goes into .venv/.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Every command and server of a test is a process: without its cache each compiles all of toban again.
unexport PYTHONDONTWRITEBYTECODE
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Extra arguments, as in: make test ARGS="tests/unit -k map"
ARGS ?=

.PHONY: help demo test check check-types check-map check-house check-lint check-format format bench mutants \
	release-check pictures record-senders map lock bundle clean

help: ## Show what make can do
	@form='^([a-z-]+):.*## (.*)'; while read -r line; do \
		if [[ $$line =~ $$form ]]; then printf '  make %-8s %s\n' "$${BASH_REMATCH[@]:1}"; fi; \
	done < $(firstword $(MAKEFILE_LIST))

demo: .venv/run.stamp ## Play one incident from the alert to the postmortem, on this machine
	@$(BIN)/toban demo $(ARGS)

test: .venv/dev.stamp ## Run every test (emulator tests say so when they cannot run)
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

check: .venv/dev.stamp ## Lint, formatting, types, the guards of tests/house, and generated files
	@$(MAKE) --no-print-directory --keep-going --jobs=4 --output-sync=target \
		check-types check-house check-map check-lint check-format

check-types:
	$(BIN)/mypy
check-house:
	$(BIN)/python -m tests.house
check-map:
	$(BIN)/python -m toban.topology.generate --check
	$(BIN)/python -m toban.cli.kit.readme --check
check-lint:
	$(BIN)/ruff check .
check-format:
	$(BIN)/ruff format --check .

format: .venv/dev.stamp ## Format the code and apply safe lint fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

release-check: .venv/dev.stamp ## Before a release: demo and tests on each Python of the classifiers (ARGS="3.12")
	@$(BIN)/python -m tests.release $(ARGS)

MUTATION := tests/mutation
mutants: .venv/mutation.stamp ## Break ROOM in small ways and see that a test notices (SAMPLE=200 SEED=1; not in CI)
	@$(BIN)/python -m tests.mutation $(or $(ROOM),$(error ROOM=kernel, incidents, notify, oncall or backups)) \
		$(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(ARGS)

pictures: .venv/run.stamp ## Take the README's pictures anew (needs chromium and a Japanese font)
	@$(BIN)/python docs/pictures.py

record-senders: .venv/dev.stamp ## Record two real Prometheus and Alertmanagers for an hour, for tests/recorded
	@$(BIN)/python -m tests.recorded.record tests/recorded/senders.jsonl.gz
	@$(BIN)/python -m tests.recorded.races tests/recorded/senders.jsonl.gz

bench: .venv/dev.stamp ## Measure cold starts, cost per alert, latency, throughput and a storm
	@$(BIN)/python -m tests.bench $(ARGS)

map: .venv/dev.stamp ## Generate what follows from events/topology.yaml, and the README's tables
	$(BIN)/python -m toban.topology.generate
	$(BIN)/python -m toban.cli.kit.readme

# No index address is written: the lock holds names, versions and hashes, and installs from any mirror.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header

lock: .venv/dev.stamp ## Resolve the dependencies anew (UPGRADE=1 also moves the pins)
	$(LOCK) pyproject.toml $(if $(UPGRADE),--upgrade) --group build --group dev --output-file requirements.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) --group pyproject.toml:mutation --constraint requirements.lock \
		--output-file $(MUTATION)/requirements.lock

bundle: .venv/run.stamp ## Make what is deployed, a folder for each function (ARGS="NAME ...")
	@$(BIN)/python -m toban.topology.bundling.bundle $(ARGS)

clean: ## Remove .venv/ and caches (keeps .toban/, where incidents live)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "toban needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

# Everything is checked by hash; the project itself is built by the hatchling installed that way.
# The platform needs a part of the lock, cut by a program that needs nothing installed.
.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked requirements into .venv (once)"
	@$(BIN)/python -I shared/toban/topology/bundling/lock.py >.venv/run.txt
	@$(PIP) install --quiet --require-hashes --requirement .venv/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/dev.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked development requirements into .venv (once)"
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@ .venv/run.stamp

.venv/mutation.stamp: $(MUTATION)/requirements.lock .venv/dev.stamp
	@echo "Installing what makes mutants into .venv (once)"
	@$(PIP) install --quiet --require-hashes --requirement $(MUTATION)/requirements.lock
	@touch $@
