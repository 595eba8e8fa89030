# make demo          everything from nothing to a running application (as root)
# make demo-down     the application and its data away again
# make demo-cluster  the same application on a Kubernetes cluster, from nothing and back (as root)
# make test          the checks, all tests but the slow ones, and some of them on a second kernel (as root); as .ci/run
# make test-all      the slow ones too, and everything on the second kernel
# make check         formatting, types, layers and unit tests; needs no root
# make bench         side by side with dockerd
# make clean         the virtual environment and all caches away

VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo demo-down demo-cluster test test-all check bench clean root debian-run debian-test debian-suites

help:
	@sed -n 's/^# //p' Makefile

demo: root debian-run $(VENV)/.installed
	@$(BIN)/python scripts/demo up

demo-down: root $(VENV)/.installed
	@$(BIN)/python scripts/demo down

demo-cluster: root debian-run $(VENV)/.installed
	@$(BIN)/python scripts/demo-cluster

test: root debian-test $(VENV)/.installed-test
	@scripts/check --no-tests
	@scripts/test

test-all: root debian-suites $(VENV)/.installed-test
	@scripts/check --no-tests
	@scripts/test --all

check: $(VENV)/.installed-test
	@scripts/check

bench: root debian-test $(VENV)/.installed-test
	@for each in bench/start bench/idle bench/pull; do $(BIN)/python $$each || exit 1; done

clean:
	rm -rf $(VENV) .vm build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests examples bench -name __pycache__ -prune -exec rm -rf {} +

root:
	@[ "$$(id -u)" = 0 ] || { echo "make $(MAKECMDGOALS) needs root, for namespaces, mounts and networks: sudo make $(MAKECMDGOALS)" >&2; exit 1; }

debian-run:
	@scripts/install-debian run

debian-suites:
	@scripts/install-debian run test suites

debian-test:
	@scripts/install-debian run test

$(VENV)/.installed: pyproject.toml
	@scripts/venv $(VENV) .
	@touch $@

$(VENV)/.installed-test: pyproject.toml
	@scripts/venv $(VENV) ".[test]"
	@touch $@ $(VENV)/.installed
