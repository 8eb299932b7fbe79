# make run    everything on this machine        make test   all tests
# make check  format, lint, types, import rules  make bench  the benchmarks
# make explore  the properties alone, on ten times as many examples, drawn anew
.PHONY: run test explore check bench prepare types

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin

ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed; on Debian 12: apt-get install python3 python3-venv)
endif

run:
	@exec $(PYTHON) vigil/bootstrap.py run $(ARGS)

prepare:
	@$(PYTHON) vigil/bootstrap.py prepare-dev

test: prepare
	@sh tests/browser/chromium.sh
	@base=$$(mktemp -d); $(BIN)/pytest --basetemp=$$base/t $(ARGS); status=$$?; rm -rf $$base; exit $$status

explore: prepare
	@base=$$(mktemp -d); $(BIN)/pytest --basetemp=$$base/t -m hypothesis --hypothesis-profile=explore $(ARGS); \
	status=$$?; rm -rf $$base; exit $$status

check: prepare
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd dashboard && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check && PATH="$(CURDIR)/$(BIN):$$PATH" npm test --silent

bench: prepare
	$(BIN)/python -m bench $(ARGS)
