# Every target sets up the environment it needs in .venv, with nothing but Python, make and pip.
# .venv/.run marks what the product needs, .venv/.web also the site, .venv/.dev also the developers'
# tools; each is made again when the pins change.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# Wheels only: no target ever needs a compiler.
INSTALL := $(PIP) install --quiet --only-binary=:all:
# glibc gives each thread a heap of its own, whose free memory no other thread can use: one heap
# for all saves eleven megabytes.
ONE_HEAP := MALLOC_ARENA_MAX=1
# The first has the pip that installs all others.
PINS_RUN := requirements-build.txt requirements.txt
CODE := monitor migrations tests benchmarks tools
TEXTS := $(CODE) docs rules .ci Makefile README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md
# Processes that share the tests; 0 runs them in one.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=load
# sys.monitoring measures without slowing the tests; Python has it from 3.12 on.
CORE := $(shell $(PYTHON) -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo site run test coverage lint format bench benchmarks quality docs lock audit release clean distclean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

demo: $(VENV)/.run ## run the whole product on a sample site, in a few seconds
	@$(ONE_HEAP) $(BIN)/python -m monitor demo

site: $(VENV)/.web ## the same, then look at what it found in a browser: http://127.0.0.1:8765/
	@$(ONE_HEAP) $(BIN)/python -m monitor demo --web

run: $(VENV)/.run ## start the daemon here; ends with Ctrl-C
	@$(ONE_HEAP) $(BIN)/python -m monitor run

test: $(VENV)/.dev ## run all tests; ARGS="-k name" or ARGS="-m 'not postgres'" for some
	$(PYTEST) $(ARGS)

coverage: $(VENV)/.dev ## run all tests, print what they cover, fail below the floor
	COVERAGE_CORE=$(CORE) $(PYTEST) --cov --cov-report=term $(ARGS)

lint: $(VENV)/.dev ## check style, spelling, format and types
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/codespell $(TEXTS)
	$(BIN)/mypy

format: $(VENV)/.dev ## put the code into the house format
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(VENV)/.dev ## compare with urlwatch and changedetection.io on one site; ARGS="--pages 100"
	@$(ONE_HEAP) $(BIN)/python benchmarks/compare.py $(ARGS)

benchmarks: $(VENV)/.dev ## run every benchmark; takes hours
	@set -e; for name in benchmarks/[!_]*.py; do \
	  [ -e "$$name" ] || continue; echo "== $$name"; $(ONE_HEAP) $(BIN)/python "$$name"; done

quality: $(VENV)/.dev ## score extraction on the labelled texts, when they lie beside the checkout
	$(BIN)/python benchmarks/quality.py

docs: $(VENV)/.dev ## write the generated references again and check every link
	$(BIN)/python tools/docs.py

release: $(VENV)/.dev ## check the tree and the wheel, then tag; ARGS="1.2.0" or ARGS="1.2.0 --check"
	$(BIN)/python tools/release.py $(ARGS)

lock: ## pin all dependencies again; ARGS=--upgrade takes the newest
	PYTHON=$(PYTHON) tools/lock.sh $(ARGS)

audit: ## ask for known vulnerabilities of the pins; "Error 3" if nobody could be asked
	@$(PYTHON) tools/audit.py $(ARGS)

clean: ## remove what builds and tests leave behind
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and remove the environment too
	rm -rf $(VENV)

# The console script comes from an editable install; the build backend is pinned like all else,
# so the build runs without isolation and fetches nothing.
$(VENV)/.run: pyproject.toml $(PINS_RUN) | $(BIN)/python
	@echo "Setting up $(VENV) (once) ..."
	@set -e; for pins in $(PINS_RUN); do $(INSTALL) -r $$pins; done
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.web: requirements-web.txt $(VENV)/.run
	@$(INSTALL) -r requirements-web.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Setting up the developers' tools in $(VENV) (once) ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and there is no $(PYTHON) here: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1 | head -n 1): make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is incomplete (Debian, Ubuntu: apt install python3-venv)" >&2; rm -rf $(VENV); exit 1; }
