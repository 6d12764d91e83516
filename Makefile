# Everything starts here. `make setup` once is implied by the others.
#   PYTHON=python3.12    another Python (3.11 or newer)
#   PIP_FLAGS=...        more options for pip, such as another index

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP_FLAGS ?=
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: help setup demo test check bench figures pictures clean
.DEFAULT_GOAL := help

help:
	@echo "make setup     install into .venv, and system packages where allowed"
	@echo "make demo      somebody drags a picture: in a window, or into out/ without a display"
	@echo "make test      all tests"
	@echo "make check     format, lint, types, import rules"
	@echo "make bench     latency of a drag step on this machine"
	@echo "make figures   README's and docs' figures, from docs/benchmarks/*.json"
	@echo "make pictures  the README's pictures, from the real window; SIZE=1920x1080 or"
	@echo "               SIZE=3840x2160 SCALE=2: larger ones to look at, into out/pictures"
	@echo "make clean     remove what was made, except .venv"

setup: $(INSTALLED)
	@:

$(INSTALLED): setup.py pyproject.toml constraints.txt .ci/system-packages
	@test -n "$(PYTHON)" || { echo "draglive: no python3.11 or python3 here" >&2; exit 1; }
	.ci/system-packages "$(PYTHON)"
	test -x $(BIN)/pip || "$(PYTHON)" -m venv --clear .venv
	$(BIN)/pip install $(PIP_FLAGS) -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m draglive.kernels.native
	@touch $@

demo: setup
	@if [ -n "$$DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(BIN)/draglive demo --out out; \
	else \
		echo "No display here: playing the demo without a window, into out/"; \
		$(BIN)/draglive demo --headless --out out; \
	fi

test: setup
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: setup .types/draglive
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The folders install as draglive.*: for mypy, `draglive` is this folder.
.types/draglive:
	mkdir -p .types
	ln -sfn .. $@

bench: setup
	$(BIN)/draglive bench step

figures: setup
	$(BIN)/python -m draglive.benchmarks.document

pictures: setup
	$(BIN)/python docs/make_pictures.py $(CHAPTERS) $(if $(SIZE),--size $(SIZE) --scale $(or $(SCALE),1) --out out/pictures)

clean:
	rm -rf out build *.egg-info .types .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
