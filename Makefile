VENV ?= .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-slow check proto assets clean

$(INSTALLED): pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(INSTALLED)
	$(PY) -m loop_client demo

test: $(INSTALLED)
	$(PY) -m pytest -n 2 -m 'not slow'

test-slow: $(INSTALLED)
	$(PY) -m pytest -m slow

check: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright

# Writes the stubs in motion/v1 anew; they are committed, and a test fails when they are stale.
proto: $(INSTALLED)
	$(PY) -m grpc_tools.protoc --proto_path=proto --python_out=. --pyi_out=. --grpc_python_out=. proto/motion/v1/*.proto

clean:
	rm -rf $(VENV) build *.egg-info
