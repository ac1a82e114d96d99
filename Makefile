# Every target does its own set-up: virtual environments inside the clone, pinned by constraints.txt.
# A Python other than the one found is named by PYTHON=…

# Any Python starts the set-up, which then looks for the one Blender's module exists for.
STARTER := $(firstword $(foreach name,python3 python3.11 python3.13 python,$(shell command -v $(name))))
ENVIRONMENT := $(or $(STARTER),python3) tools/environment.py
VENV_PYTHON := .venv/bin/python
BLENDERS := 4.2 5.0 5.2

export PYTHON INPUT
# One worker a core and one thread a worker: more would only get in each other's way.
export OMP_NUM_THREADS ?= 1

.PHONY: help demo test check test-blender test-gui extension clean

help:
	@echo "make demo [INPUT=keypoints]  normalize the built-in clip or INPUT; out/demo gets motion, BVH, FBX, .blend, picture"
	@echo "make test                    lint, types and all tests, the add-on's on Blender 4.5 (Python 3.11) or 5.2 (3.13)"
	@echo "make check                   lint and types alone"
	@echo "make test-blender            the add-on's tests on Blender 4.2, 5.0 and 5.2"
	@echo "make test-gui                the extension in the windows of real Blenders (Debian; see tests/gui)"
	@echo "make extension               the zip to install in Blender"
	@echo "make clean                   removes environments, caches and outputs"

demo:
	@$(ENVIRONMENT) demo -m demo $${INPUT:+"$$INPUT"}

test: check
	$(VENV_PYTHON) -m pytest -q -n 2 --dist loadfile

check:
	@$(ENVIRONMENT) test
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m mypy --strict posenorm_core
	$(VENV_PYTHON) -m mypy training demo benchmarks tools
	PYTHONPATH=.venv/stubs/fake-bpy-module-4.2 $(VENV_PYTHON) -m mypy --cache-dir .mypy_cache/4.2 addon
	PYTHONPATH=.venv/stubs/fake-bpy-module-latest $(VENV_PYTHON) -m mypy --cache-dir .mypy_cache/latest addon

test-blender:
	@$(or $(STARTER),python3) tools/test_blenders.py $(BLENDERS)

test-gui:
	@$(ENVIRONMENT) extension -m tests.gui

extension:
	@$(ENVIRONMENT) extension -m addon build

clean:
	rm -rf .venv .venv-blender-* .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
