# make demo    set up, then the whole story into demo/ (DEST=dir puts it elsewhere)
# make test    set up, then every test
# make check   lint, types, tests: what a commit must pass
# make bench   the benchmarks that need nothing else
PYTHON ?= python3
VENV ?= .venv
DEST ?= demo
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A process a core: libraries that start threads of their own would only wait for each
# other. A file stays with one worker, and the long ones (the demo) are not left for last.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$(BIN)/python" -m pytest -q \
  -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test check lint bench test-all constraints clean
.DELETE_ON_ERROR:

demo: $(READY)
	@"$(BIN)/lifecycle" demo --dest "$(DEST)"

test: $(READY)
	@$(PYTEST)

test-all: $(READY)
	@HYPOTHESIS_PROFILE=wide $(PYTEST) -m "slow or not slow"
	@for other in python3.12 python3.13 python3.14; do \
	  if "$$other" -c "import venv, ensurepip" 2>/dev/null; then \
	    $(MAKE) --no-print-directory test PYTHON=$$other VENV=.venv-$$other || exit 1; \
	  fi; \
	done

lint: $(READY)
	@"$(BIN)/ruff" check .
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/mypy"

check: lint test

bench: $(READY)
	@for each in main_job monitoring quality; do "$(BIN)/python" -m benchmarks.$$each || exit 1; done

constraints: $(READY)
	@{ head -1 constraints.txt; "$(BIN)/python" -m pip list --format=freeze \
	  | grep -v -i -E '^(lifecycle-workbench|pip|setuptools)='; } > constraints.new
	@mv constraints.new constraints.txt

# The set-up: a venv with exactly the versions of constraints.txt. Made anew when
# those, the project file or the interpreter change, and when the place has moved.
$(READY): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (about two minutes the first time) ..."
	@"$(PYTHON)" -m venv --clear "$(VENV)"
	@"$(BIN)/python" -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable ".[dev]"
	@touch "$(READY)"

clean:
	rm -rf "$(VENV)" .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
