# Two commands on a fresh machine: `make demo` and `make test`. Each prepares all it needs; only Python 3.11+ and make
# are assumed.
UV_VERSION := 0.13.9
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --frozen --no-sync
export UV_PYTHON_DOWNLOADS := never

.PHONY: help setup demo test check bench soak soak-backfill soak-chaos laws trials fuzz system-parts

help:  ## Say what can be made.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Datazones needs Python 3.11 or newer, found " + sys.version)'
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

setup: $(filter .uv/bin/uv,$(UV))  ## Prepare the environment from the lock file, and nothing else.
	@$(UV) sync --frozen --quiet --inexact

demo: setup  ## Run the main job offline: ten zones, real figures, published snapshots. NOW=2026-04-01 moves the clock.
	@$(RUN) datazones demo $(if $(NOW),--now $(NOW))

test: setup system-parts check  ## Check the code and run every test, JOBS=2 files at a time.
	$(RUN) pytest -n $(or $(JOBS),2) --dist loadfile --no-loadscope-reorder

check: setup
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports --no-cache >/dev/null || $(RUN) lint-imports --no-cache

system-parts:
	@sh infra/system_parts.sh

bench: setup  ## Measure against what a user would pick instead; writes bench/results/latest.json.
	$(UV) sync --frozen --quiet --group bench
	$(RUN) python -m bench

soak: setup  ## For long: a simulated year of hourly slots; writers race under faults, readers poll, every request is disturbed. COMMITS=10000 PUBLISHES=1000 SEED=1.
	$(RUN) python -m tests.year --hourly --seed $(or $(SEED),1)
	$(RUN) python -m tests.soak --commits $(or $(COMMITS),10000) --publishes $(or $(PUBLISHES),1000) --seed $(or $(SEED),1)

soak-backfill: setup  ## Backfills of 1,200 slices on real servers: undisturbed, killed, over one another, throttled. CASES="sqlite postgres killed overlapping throttled".
	$(RUN) python -m tests.soak.backfills $(CASES)

soak-chaos: setup system-parts  ## Ten zones every minute while server, database, workers and runs are killed. MINUTES=30 SEED=1.
	$(RUN) python -m tests.soak.chaos --minutes $(or $(MINUTES),30) --seed $(or $(SEED),1)

laws: setup  ## Histories nobody thought of against a naive model: EXAMPLES=1000 orders, readings and sequences of loads.
	EXAMPLES=$(or $(EXAMPLES),1000) $(RUN) pytest -s --timeout 0 tests/unit/test_warehouse_laws.py tests/unit/test_aligning.py

trials: setup  ## The gate on every real vintage and every kind of damage, those held out too; prints both confusion tables.
	$(RUN) python -m tests.trials
	$(RUN) python -m tests.trials --held-out

fuzz: setup  ## Hostile bytes for every dialect, a million each. INPUTS=... SEED=... change that.
	$(RUN) python -m tests.fuzz --inputs $(or $(INPUTS),1000000) --seed $(or $(SEED),1)
