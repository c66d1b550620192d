# Every target that needs the environment sets it up first; when nothing has changed that takes a blink.
.DEFAULT_GOAL := help
.PHONY: help setup run test check soak bench screenshots lock clean

python := .venv/bin/python
fractional := .venv/bin/fractional

ifneq ($(WRITER),)
export FRACTIONAL_WRITER := $(WRITER)
endif

help: ## this list
	@echo "make TARGET, where TARGET is"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s%s\n", $$1, $$2 }' Makefile
	@echo "PYTHON=python3.12 picks the Python; TORCH_INDEX=ADDRESS says where torch's CPU build is, if set-up asks for it."

setup: ## install everything into .venv; the other targets do so themselves
	@sh deploy/setup.sh

run: setup ## publish the library and serve the chat (PORT=8600, WRITER=quote; WRITER=local fetches 1.1 GB first)
	@$(fractional) publish || [ $$? -eq 3 ] # 3: some documents were refused and the rest published
	@$(if $(filter local,$(WRITER)),$(fractional) models pull qwen2.5-1.5b) # 1.1 GB, only where it was asked for
	@exec $(fractional) serve $(if $(PORT),--port $(PORT))

test: setup ## run all tests, those with a model and a browser included
	@$(python) -m pytest -m "not soak and not bench"

check: setup ## lint, format, types and the fast tests: under a minute, before each commit
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy
	@$(python) -m pytest -q -n 2 -m "not slow and not model and not browser and not soak and not bench"

soak: setup ## run the long tests: crashes, many readers, big libraries
	@$(python) -m pytest -m soak

bench: setup ## measure against the starter pipeline
	@$(python) -m benchmarks.starter_comparison

screenshots: setup ## take the pictures of the pages for the README anew
	@$(python) -m deploy.screenshots

lock: ## make requirements.lock again after pyproject.toml's dependencies changed
	@deploy/lock

clean: ## remove .venv and caches; the library's home and its models stay
	@rm -f .venv/set-up.json # first, so that a .venv removed by half is not taken for a whole one
	@rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find benchmarks corpus deploy evals ingest rag tests ui -name __pycache__ -prune -exec rm -rf {} +
