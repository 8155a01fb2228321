# One-line verbs. `make demo` and `make test` work on a fresh machine with only Python >= 3.11.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data
SEEDS ?= 3

.PHONY: install demo test torture lint types bench evaluate labelled docs previews clean
.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --editable '.[dev]' && touch $@
install: .venv/installed
demo: install
	$(BIN)/wwwatch demo
test: lint types
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile
torture: install
	$(BIN)/python -m tests.e2e.torture --minutes $(or $(MINUTES),10)
lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
types: install
	$(BIN)/mypy
bench: install
	for bench in benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done
# Over the labelled logs of DATA, where it is there, and simulated runs; the tables go into docs/detection.md.
evaluate: install
	$(BIN)/wwwatch evaluate $(if $(wildcard $(DATA)),--data $(DATA)) $(if $(SOURCES),--sources $(SOURCES)) --seeds $(SEEDS) --jobs 2 --page docs/detection.md
# Real tools (ab, hydra, gobuster, sqlmap and others, as far as they are installed) against a loopback server.
labelled: install
	$(BIN)/wwwatch simulate tools --out build/labelled
docs: install
	$(BIN)/python -m wwwatch.reference
# The five dashboards over a simulated day, drawn by Chromium; needs the embedded Elasticsearch.
previews: install
	$(BIN)/python -m tests.day docs/kibana
clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
