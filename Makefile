# Two commands do everything on a machine that has only python3 (with venv and pip):
#   make demo    a real Optuna study under watch, a few minutes
#   make test    lint, types and all tests
#   make again   the tests that failed last, one after the other on a machine that does nothing else
#   make fuzz    bytes of all kinds for every parser, a minute in all (SECONDS_OF_FUZZING=1800 for half an hour)
#   make clients MCP clients that others wrote: the Inspector from npm, fastmcp
#   make storm   kill -9 of everybody at random moments, 2,000 times (KILLS=200 for a minute)
# make bench prints the figures that the README names (bench/*.py --check also judges them); MB, GB, TRIES, EVENTS,
# HOSTILE (bytes) and EVERY (signature) say how much each is given.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHONUNBUFFERED = 1

MB = 60
TRIES = 200
EVERY = 1
GB = 0.5
EVENTS = 100000
HOSTILE = 1000000
SECONDS_OF_FUZZING = 60
KILLS = 2000

CLIENTS = .cache/clients

.PHONY: demo test again lint bench fuzz crash storm clients clean

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
	$(BIN)/python -m pytest -n 2 --dist worksteal

again: $(READY)
	$(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none

bench: $(READY)
	$(BIN)/python bench/launch.py
	$(BIN)/python bench/alert.py --tries $(TRIES)
	$(BIN)/python bench/history.py
	$(BIN)/python bench/idle.py --seconds 60
	$(BIN)/python bench/scale.py --runs 100 --seconds 30
	$(BIN)/python bench/huge.py --gb $(GB) --events $(EVENTS)
	$(BIN)/python bench/scan.py --mb $(MB)
	$(BIN)/python bench/dense.py --mb $(MB)
	$(BIN)/python bench/masking.py --bytes $(HOSTILE)
	$(BIN)/python bench/costs.py --every $(EVERY)
	$(BIN)/python bench/tokens/run.py --check
	$(BIN)/python bench/waiters.py --seconds 30

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/run.py all -max_total_time=$(SECONDS_OF_FUZZING) -verbosity=0 -artifact_prefix=/tmp/fuzz-

crash: $(READY)
	$(BIN)/python tests/crash/run.py

storm: $(READY)
	$(BIN)/python tests/crash/storm.py --kills $(KILLS)

$(CLIENTS)/.ready:
	mkdir -p $(CLIENTS)
	npm install --silent --no-audit --no-fund --prefix $(CLIENTS) @modelcontextprotocol/inspector@2
	$(PYTHON) -m venv $(CLIENTS)/venv
	$(CLIENTS)/venv/bin/python -m pip install --quiet 'fastmcp>=4.2'
	touch $@

clients: $(READY) $(CLIENTS)/.ready
	MCP_INSPECTOR=$(CLIENTS)/node_modules/.bin/mcp-inspector FASTMCP_PYTHON=$(CLIENTS)/venv/bin/python \
		$(BIN)/python -m pytest -n 0 tests/clients

clean:
	rm -rf $(VENV) .cache build dist
