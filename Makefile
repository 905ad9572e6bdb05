# Everything that a person does in this checkout. `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help setup run demo agent test lint format bench docs messages lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Ronda needs Python 3.11 or newer; this is %s. Name another: make PYTHON=python3.12" % sys.version.split()[0])'
	@$(PYTHON) -m venv --clear $(VENV) || { echo 'Python cannot make an environment here. On Debian and Ubuntu: apt install python3-venv'; exit 1; }
	@echo 'Installing what requirements-dev.lock names (once) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY) ## make the environment from the lock file

run: $(READY) ## open the console (on the embedded PostgreSQL unless DATABASE_URL is set)
	@$(BIN)/ronda

demo: $(READY) ## open the console on simulated clients and a throw-away database
	@$(BIN)/ronda demo

agent: $(READY) ## run the round without a screen
	@$(BIN)/ronda agent

test: $(READY) ## run the whole suite
	@TEXTUAL_ANIMATIONS=none $(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(READY) ## check format, lint, types, layers and the schema
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(READY) ## format the code and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) ## measure start-up, one check, the round at scale, the whole product, recorder, board, console and a soak
	@$(BIN)/python -m bench

docs: $(READY) ## write key table, settings and pictures into the documents
	@$(BIN)/python docs/build.py

messages: $(READY) ## extract every sentence for people into the message catalogues
	@$(BIN)/pybabel --quiet extract --no-location --sort-output --project Ronda --copyright-holder 'The Ronda developers' --keywords 'N_' --output core/locales/ronda.pot core tui

lock: ## resolve the newest versions that pyproject.toml allows into the lock files (needs uv)
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove the environment and every cache
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
