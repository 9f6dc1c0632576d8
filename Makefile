# The targets that a user and a developer need; `make` alone lists them.
SHELL := /bin/bash -o pipefail
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header

.DEFAULT_GOAL := help
.PHONY: help install install-dev build bench bench-large notebook test coverage lint types docs wheel dbt lock lock-check clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --require-hashes -r requirements.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(PIP_INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/installed ## create .venv with the locked dependencies and the command pith-etl

install-dev: $(VENV)/installed-dev ## the same with what tests and linting need

build: install ## install, then build data/warehouse from data/samples
	$(BIN)/pith-etl build data/samples --warehouse data/warehouse

notebook: build install-dev ## open the notebook in a browser, over data/warehouse
	$(BIN)/marimo edit --skip-update-check notebooks/explore.py

test: lint types ## everything that must hold: ruff, mypy, the tests
	$(BIN)/python -m pytest -n auto

coverage: install-dev ## which lines and branches of pipeline/ the tests run
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort cover

lint: install-dev ## ruff: rules and format; import-linter: who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: install-dev ## mypy --strict
	$(BIN)/mypy

docs: install-dev ## write the generated documentation and the notebook for Jupyter anew; build site/
	$(BIN)/python -m pipeline.docs
	$(BIN)/marimo export ipynb notebooks/explore.py --sort top-down --force --output notebooks/explore.ipynb
	$(BIN)/zensical build --strict

wheel: install-dev ## build dist/*.whl
	$(BIN)/python -m build --wheel --no-isolation

# apart from our own: where pandas is installed, pyarrow imports it
$(VENV)/peers/installed: $(VENV)/installed requirements-bench.txt
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

BENCH := $(BIN)/python -m benchmarks.bench --peers-python $(VENV)/peers/bin/python --json benchmarks/last.json

bench: $(VENV)/peers/installed ## measure against the floor and against others, on 100,000 documents
	$(BENCH)

bench-large: $(VENV)/peers/installed ## the same on 200,000 documents
	$(BENCH) --documents 200000

$(VENV)/dbt/installed: examples/dbt/requirements.txt | $(VENV)/installed
	$(PYTHON) -m venv $(VENV)/dbt
	$(VENV)/dbt/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r examples/dbt/requirements.txt
	@touch $@

dbt: $(VENV)/dbt/installed ## install dbt apart from all else, for examples/dbt and its test

lock: ## resolve the dependencies anew into requirements*.txt, with hashes
	test -x $(BIN)/pip-compile || { $(PYTHON) -m venv $(VENV) && $(PIP_INSTALL) pip-tools; }
	$(COMPILE) --upgrade --extra build -o requirements.txt pyproject.toml
	$(COMPILE) --upgrade --extra build --extra cloud --extra dask --extra delta --extra dev --extra notebook --extra ui -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(COMPILE) --upgrade --extra build --extra bench -c requirements.txt -c requirements-dev.txt -o requirements-bench.txt pyproject.toml
	$(COMPILE) --upgrade --no-strip-extras -o examples/dbt/requirements.txt examples/dbt/requirements.in

lock-check: install-dev ## fail if requirements*.txt do not satisfy pyproject.toml
	for lock in requirements requirements-dev requirements-bench; do \
		case $$lock in \
			requirements) extra="--extra build";; \
			requirements-dev) extra="--extra build --extra cloud --extra dask --extra delta --extra dev --extra notebook --extra ui";; \
			requirements-bench) extra="--extra build --extra bench";; \
		esac; \
		cp $$lock.txt $(VENV)/$$lock.txt && \
		$(COMPILE) $$extra -o $(VENV)/$$lock.txt pyproject.toml && \
		diff <(grep -v '^ *#' $$lock.txt) <(grep -v '^ *#' $(VENV)/$$lock.txt) || exit 1; \
	done

clean: ## remove what was built, but no warehouse
	rm -rf $(VENV) dist build site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
