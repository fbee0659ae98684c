# Each target sets itself up first: .venv, from requirements.lock. Only Python 3.11 to 3.13, make and git are needed.
PYTHON ?= python3
PORT ?= 8000
# Of pytest: one more than cores, for who drives a browser also waits for it
WORKERS ?= 3
ifeq ($(OS),Windows_NT)
IN_VENV := .venv/Scripts/python.exe
else
IN_VENV := .venv/bin/python
endif

# Some machines forbid Python to keep what it compiles. Hundreds of processes then compile all of sympy, one after another.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup book lab test pdf serve notebooks lint lock bench mutants release clean

help:
	@echo "make book       build the site: _build/html/index.html"
	@echo "make lab        open the chapters and labs in JupyterLab, on this computer"
	@echo "make test       lint, build and run every test"
	@echo "make pdf        print the whole book: _build/tokens-from-first-principles.pdf"
	@echo "make serve      build, then serve the site at http://127.0.0.1:$(PORT)"
	@echo "make notebooks  write the executed twins lectures/*.ipynb and labs/*.ipynb"
	@echo "make lint       ruff and mypy"
	@echo "make lock       resolve requirements.lock anew from pyproject.toml"
	@echo "make bench      the speed of the formulas, as ratios to bare numpy; of the pages and of the build"
	@echo "make mutants    change the physics in small ways and count what the tests notice: ARGS='moe --sample 40'"
	@echo "make release    all files of a release, its notes and checksums: _build/release; TAG=v1.2.0"
	@echo "make clean      remove everything built, but for .venv"

setup:
	@command -v $(firstword $(PYTHON)) >/dev/null || { echo >&2 "[setup] there is no $(firstword $(PYTHON)) here;" \
	    "install Python 3.11 to 3.13, or name the one you have: make PYTHON=python"; exit 1; }
	@$(PYTHON) tools/bootstrap.py

book: setup
	@$(IN_VENV) -m tools.book

lab: setup
	$(IN_VENV) -m jupyterlab --LabApp.default_url=/lab/tree/labs/batch_size.ipynb

notebooks: setup
	@$(IN_VENV) -m tools.twins

lint: setup
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m mypy

test: setup
	@$(MAKE) --no-print-directory --jobs 2 lint book
	$(IN_VENV) -m pytest -n $(WORKERS) --dist loadfile --nbval --nbval-current-env tests lectures labs

pdf: book
	$(IN_VENV) -m tools.pdf

serve: book
	$(IN_VENV) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lock: setup
	$(IN_VENV) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --upgrade --extra book --extra test --output-file requirements.lock pyproject.toml

bench: setup
	$(IN_VENV) tools/bench.py
	$(IN_VENV) -m tools.bench_site

mutants: setup
	$(IN_VENV) -m tools.mutants $(ARGS)

release: setup
	@$(IN_VENV) -m tools.release collect $(TAG)

clean:
	rm -rf _build book/assets/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
