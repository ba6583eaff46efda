.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

$(STAMP): pyproject.toml requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.PHONY: help install deps run demo check format lint types imports test test-all test-unit test-integration conformance translation coverage bench docker-up lock clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv and install everything (pinned by hash)

deps: install ## The same as install

run: $(STAMP) ## Run the hub on the embedded stack until Ctrl-C (data kept in .chargesphere)
	$(BIN)/chargesphere up $(ARGS)

demo: $(STAMP) ## Play the roaming story (ARGS=--once ends by itself; DATA=dir plays real data)
	$(BIN)/chargesphere demo $(if $(DATA),--data-set $(DATA)) $(ARGS)

check: $(STAMP) ## Format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(STAMP) ## The whole suite, against real servers
	$(BIN)/python -m pytest $(ARGS)

test-all: test ## The same as test

test-unit: $(STAMP) ## All tests that need no server
	$(BIN)/python -m pytest -m "not server" $(ARGS)

test-integration: $(STAMP) ## All tests that need the embedded servers
	$(BIN)/python -m pytest -m server $(ARGS)

conformance: $(STAMP) ## Run the tests that carry requirement ids and write docs/protocols/
	$(BIN)/python -m pytest --conformance=docs/protocols $(ARGS)

translation: $(STAMP) ## Write docs/translation.md from the tables of the mappings
	$(BIN)/python -m gateway.translation.document docs/translation.md

coverage: $(STAMP) ## The whole suite with branch coverage
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage report --show-missing --skip-covered

bench: $(STAMP) ## Measure: every figure a ratio against a reference in the same run
	$(BIN)/python -m bench $(ARGS)

docker-up: ## Gateway, worker, MongoDB, Redis and Temporal with Docker Compose
	docker compose up --build

lock: ## Resolve requirements.txt anew (hashes, no addresses)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet pip-tools
	.venv-lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-header --no-annotate --all-build-deps --all-extras --output-file requirements.txt pyproject.toml
	rm -rf .venv-lock

clean: ## Remove what was made (not .chargesphere, the data of the embedded stack)
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
