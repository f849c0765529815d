VENV ?= .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-slow check build smoke docs pictures notebooks load faults soak proto assets models clean

$(INSTALLED): pyproject.toml setup.py constraints.txt
	@echo 'Installing into $(VENV); this takes about two minutes and 2 GB.'
	python3 -m venv $(VENV)
	$(PY) -m pip install --constraint constraints.txt --editable '.[dev]'
	touch $@

# What Plumb does, in a few minutes: corrected samples, and the loop with and without correction.
demo: $(INSTALLED)
	$(PY) -m loop_client demo

test: $(INSTALLED)
	$(PY) -m pytest -n 2 --dist worksteal -m 'not slow'

test-slow: $(INSTALLED)
	$(PY) -m pytest -m slow

check: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright

# A wheel and a source distribution in dist/.
build: $(INSTALLED)
	rm -rf dist build/lib build/bdist.*
	$(PY) -m build --no-isolation --outdir dist .

# Installs the wheel in an empty environment, away from the checkout, and runs all four commands there.
SMOKE := build/smoke
smoke: build
	rm -rf $(SMOKE) && mkdir -p $(SMOKE)
	$(PY) tests/smoke.py dist $(SMOKE)

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

# The pictures of README and docs.
pictures: $(INSTALLED)
	$(PY) docs/generate/pictures.py

# The service under load, under faults, and for half an hour; docs/benchmarks.md, "Serving", has the tables.
load: $(INSTALLED)
	$(PY) tests/load/load.py

faults: $(INSTALLED)
	$(PY) tests/load/faults.py

soak: $(INSTALLED)
	$(PY) tests/load/soak.py --minutes 30

# The notebooks of the documents, executed anew.
notebooks: $(INSTALLED)
	$(PY) docs/generate/notebooks.py

# Writes the stubs in motion/v1 anew; they are committed, and a test fails when they are stale.
proto: $(INSTALLED)
	$(PY) -m grpc_tools.protoc --proto_path=proto --python_out=. --pyi_out=. --grpc_python_out=. proto/motion/v1/*.proto

# The motions that ship with the package; see assets/motions/README.md.
assets: $(INSTALLED)
	mkdir -p build
	$(VENV)/bin/plumb-motion synthesize --count 260 --seed 0 --out build/raw
	$(VENV)/bin/plumb-sim correct build/raw --out assets/motions/default

# The motion models that ship, about an hour each on one core; see assets/models/README.md.
MODEL := width=128 layers=4 ff=256 batch=16 lr=7e-4 warmup=200 decay=0.5 ema=0.999 velocity_weight=1
models: $(INSTALLED)
	$(VENV)/bin/plumb-gen train default --split train --steps 16000 --store build/models --out assets/models/mdm --set $(MODEL)
	$(VENV)/bin/plumb-gen train default --split train --steps 10000 --store build/models --out assets/models/flow \
	    --set $(MODEL) kind=flow

clean:
	rm -rf $(VENV) build dist site *.egg-info
