# The commands of a working day; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LAB ?= 1
ASSETS := siteflow/static/vendor/.made

.PHONY: help run test assets templates kills lab check mutants bench lock clean

help: ## This list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: .venv/runtime ## Starts everything on SQLite and prints the address
	@$(BIN)/python manage.py prepare
	@exec $(BIN)/python manage.py serve

test: .venv/development ## Set-up and all tests, on both databases, the lab included (LAB=0 leaves it out)
	@LAB=$(LAB) $(BIN)/python -m tests.run $(TEST_ARGS)

assets: $(ASSETS) ## Fetches the files from npm that draw graph, charts and terminals; no Node is needed

templates: .venv/development ## The real software of all site templates, built and started on a lab host
	@tests/lab/install
	@$(BIN)/python -m pytest -m software -rP --timeout=7200 $(TEST_ARGS)

kills: .venv/development ## Workers killed at every step of every verb on sites, and bad releases under load
	@tests/lab/install
	@$(BIN)/python -m tests.provisioning.site_runs $(KILLS_ARGS)

lab: .venv/development ## Real hosts to look at and try, registered in a running console
	@tests/lab/install
	@$(BIN)/python -m tests.try_out

check: .venv/development ## Lint, types, imports, forbidden calls, migrations, deployment settings
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.static
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@SITEFLOW_HTTPS=1 SECRET_KEY=$$(head -c 48 /dev/urandom | base64 -w0) \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

mutants: .venv/development ## Turns off each check by itself; the permission matrix must notice
	@$(BIN)/python -m tests.mutations $(MUTANTS_ARGS)

bench: .venv/development ## Figures as a table and as JSON (var/bench.json)
	@tests/lab/install
	@$(BIN)/python -m tests.benchmarks $(BENCH_ARGS)

lock: ## Compiles requirements*.in to pinned, hashed requirements*.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate -p 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate -p 3.11 requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate -p 3.11 assets/node.in -o assets/node.txt

clean: ## Removes the virtual environment, fetched files and caches; never var/, which holds your data
	rm -rf .venv siteflow/static/vendor node_modules .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "SiteFlow needs Python 3.11; say where it is with PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/runtime: .venv/made requirements.txt | $(ASSETS)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/development: .venv/runtime requirements-dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(ASSETS): package.json package-lock.json assets/get.py assets/node.txt | .venv/made
	@$(BIN)/python assets/get.py
