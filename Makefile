# `make demo` and `make test` do everything, set-up included.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/bin/python
TEXT ?= I need a new laptop under $900, light enough to travel

.PHONY: demo ask test lint audit bench screenshots clean

demo: .venv/installed  ## the demo shop in the browser
	$(RUN) -m assistant demo
	$(RUN) -m assistant serve --open

ask: export ASKED := $(value TEXT)
ask: .venv/installed  ## one answer in the terminal: make ask TEXT="waterproof hiking boots"
	$(RUN) -m assistant demo
	@$(RUN) -m assistant chat --say "$$ASKED"

test: .venv/installed  ## all tests; the browser tests skip where Debian's chromium is absent
	$(RUN) -m pytest

lint: .venv/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

audit: .venv/installed  ## known vulnerabilities of what is installed; skips where PyPI does not tell
	.ci/audit $(RUN)

bench: .venv/installed  ## every benchmark, and docs/benchmarks.md from their results
	$(RUN) -m benchmarks

screenshots: .venv/installed  ## docs/screenshots/*.png, taken anew
	$(RUN) tests/browser/screenshots.py

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,training]"
	touch $@

clean:
	rm -rf .venv var
