# Two commands do everything on a machine that has only python3 (with venv and pip):
#   make demo    a real Optuna study under watch, about two minutes
#   make test    lint, types and all quick tests
# The slow suites have targets of their own: make slow, make bench.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHONUNBUFFERED = 1

.PHONY: demo test lint slow bench clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(READY)

demo: $(READY)
	$(BIN)/overnight demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

test: $(READY) lint
	$(BIN)/python -m pytest -n 2 -m 'not slow'

slow: $(READY)
	$(BIN)/python -m pytest -m slow --timeout=600

bench: $(READY)
	$(BIN)/python bench/launch.py
	$(BIN)/python bench/alert.py

clean:
	rm -rf $(VENV) build dist
