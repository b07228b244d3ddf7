# Tieback. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BROWSER ?= yes
export BROWSER

.DEFAULT_GOAL := help
.PHONY: help run services reset test soak bench lint pins

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/.run  ## Start Tieback with the demo company; Ctrl-C stops it
	@exec $(BIN)/python -m embedded run

services: $(VENV)/.run  ## Start PostgreSQL and Valkey alone and print their addresses; Ctrl-C stops both
	@exec $(BIN)/python -m embedded services

reset: $(VENV)/.run  ## Delete the data of the demo
	@exec $(BIN)/python -m embedded reset

test: $(VENV)/.dev  ## Run every check and every test (BROWSER=no leaves the browser tests out)
	@.ci/chromium
	@$(BIN)/python -m embedded exec -- .ci/lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 2

soak: $(VENV)/.dev  ## Run the long counts (an hour): SOAK_SEED=n throws the same dice again, SOAK_KILLS=n ...
	@SOAK=1 $(BIN)/python -m pytest -n 2 -o faulthandler_timeout=0 -m soak -v

bench: $(VENV)/.dev  ## Measure against the goals on servers of its own (FULL=1: the goals' own counts, half an hour)
	@$(BIN)/python -m bench $(if $(FULL),--full)

lint: $(VENV)/.dev  ## Run the checks that need no test
	@$(BIN)/python -m embedded exec -- .ci/lint

pins: $(VENV)/.dev  ## Pin anew what requirements*.in ask for, with hashes (needs uv)
	@.ci/pins

# Each stamp says that the virtual environment holds what the file it depends on names.
$(VENV)/.made:
	@.ci/venv $(PYTHON) $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements.txt
	@test -e $(VENV)/.dev && test $(VENV)/.dev -nt requirements.txt || { \
	  echo "Installing what Tieback needs ..."; $(PIP) install --require-hashes -r requirements.txt; }
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements-dev.txt
	@echo "Installing what developing Tieback needs ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
