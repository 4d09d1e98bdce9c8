# Everything sets up what it needs: a machine with python3 (3.11 or newer), git and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
NAME ?= webhooks

.PHONY: help demo test browser lint action faults serve analysis bench clean

help:
	@echo "make demo   [ARGS=--exit]         a labelled issue becomes a verified pull request, on this machine"
	@echo "make test   [ARGS='-k fix']       all tests"
	@echo "make browser [ARGS='-k tasks']    the control room in a real Chromium (Debian: apt install chromium)"
	@echo "make lint                         ruff, mypy, import-linter, generated docs, workflows"
	@echo "make action [ARGS='label local']  the GitHub Action, executed by act against the simulated GitHub (see docs/action.md)"
	@echo "make faults [ARGS=--short]        servers killed, frozen and cut off while they work: is anything lost or done twice? (docs/reliability.md)"
	@echo "make serve  [ARGS='--port 8080']  the bot itself (see docs/setup.md)"
	@echo "make analysis                     the analysers reviews use, for make serve (see docs/analysis.md)"
	@echo "make bench  NAME=webhooks         a benchmark beside its peers: webhooks, idle, review, fix, edits, localize, anchors, analysis, simhub, oidc, toolchains, toolchain_reports, capabilities, flaky, signals, signals_door, heal, rollback, routing, pages, throughput"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

$(VENV)/.browser: requirements-browser.txt | $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --only-binary :all: -r requirements-browser.txt
	@touch $@

demo: $(VENV)/.runtime
	$(BIN)/python -m bot.cli demo $(ARGS)

serve: $(VENV)/.runtime
	$(BIN)/python -m bot.cli serve $(ARGS)

analysis: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-analysis.txt

# Else each worker of the first run would compile everything for itself, at the same time, and each analysis its analysers.
$(VENV)/.compiled: | $(VENV)/.dev
	@$(BIN)/python -m compileall -q $(addprefix $(VENV)/lib/python*/site-packages/,bandit stevedore detect_secrets)
	@$(BIN)/python -m pytest --collect-only -qq -p no:cacheprovider >/dev/null 2>&1 || true
	@touch $@

test: $(VENV)/.dev $(VENV)/.compiled
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

browser: $(VENV)/.browser
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/browser $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m handlers.manual --check
	$(BIN)/jactionlint
	$(BIN)/zizmor --offline --no-progress --quiet .github action
	$(BIN)/lint-imports

action: $(VENV)/.dev
	$(BIN)/python -m tests.action.stories $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults $(ARGS)

bench: $(VENV)/.dev $(if $(filter pages,$(NAME)),$(VENV)/.browser)
	$(BIN)/python -m bench.$(NAME) $(ARGS)

clean:
	rm -rf $(VENV) .bench .mypy_cache .ruff_cache .pytest_cache
