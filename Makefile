# Everything a developer types. The virtual environment is created on demand from the locked versions.

VENV := .venv
READY := $(VENV)/.ready
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check --no-input
# A process for each core; one that is done takes over tests of another.
PARALLEL := -n auto --dist worksteal
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
LOCKED := pyproject.toml --extra web

# The tests start the command many times: its compiled code is kept whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run web test test-slow test-real test-faults endurance drill drill-brief test-web heard pictures test-all bench bench-profile bench-operators bench-latency bench-web check shape docs-metrics docs-commands release-check audit sbom lock upgrade clean

help: ## list the targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "PYTHON=/path/to/python3 chooses the interpreter (3.11 or later)."

run: $(READY) ## play two weeks of events, with SQLite and an archive file
	@$(VENV)/bin/python examples/fortnight.py

# With the registry that was played, or with what has become of it since.
web: $(READY) ## open the administrators' page on those two weeks; Ctrl-C ends it
	@test -f build/fortnight/sync-worker.db || $(VENV)/bin/python examples/fortnight.py
	@SYNC_WORKER_DATABASE_URL=sqlite:///build/fortnight/sync-worker.db $(VENV)/bin/sync-worker db upgrade -q >/dev/null
	@SYNC_WORKER_DATABASE_URL=sqlite:///build/fortnight/sync-worker.db exec $(VENV)/bin/sync-worker web

test: $(READY) ## run the tests that need nothing but Python
	@$(VENV)/bin/python -m pytest -m "not real and not slow and not web" $(PARALLEL)

test-slow: $(READY) ## run those that `make test` leaves out: they take much time or memory
	@$(VENV)/bin/python -m pytest -m "slow and not real and not web"

test-real: $(READY) ## run the tests on a real Kafka and PostgreSQL
	@$(VENV)/bin/python -m pytest -m "real and not faults and not endurance and not drill and not web"

test-faults: $(READY) ## run the whole worker on both and inject faults; takes minutes
	@$(VENV)/bin/python -m pytest -m faults

endurance: $(READY) ## disturb both for ten minutes, or for MINUTES=; also SEED= and RECORDS=
	@ENDURANCE_MINUTES=$(MINUTES) ENDURANCE_SEED=$(SEED) ENDURANCE_RECORDS=$(RECORDS) \
		$(VENV)/bin/python -m pytest tests/endurance

drill: $(READY) ## stage the incidents of the run book, and show what an operator sees
	@$(VENV)/bin/python -m pytest -q -s tests/drill

drill-brief: $(READY) ## stage three of them, and ask the queries of the dashboard
	@$(VENV)/bin/python -m pytest -q -s -m brief tests/drill

test-web: $(READY) ## see the administrators' page in a browser, and hold it to WCAG 2.2
	@$(VENV)/bin/python -m pytest -m web $(PARALLEL) tests/web

heard: $(READY) ## write what a screen reader is given of each page, for test-web to compare
	@$(VENV)/bin/python -m tests.web.heard

pictures: $(READY) ## take pictures of each state of the page into build/pictures
	@$(VENV)/bin/python -m tests.web.pictures

test-all: $(READY) ## run all tests, endurance too
	@$(VENV)/bin/python -m pytest

bench: $(READY) ## measure how fast the worker catches up; ARGUMENTS=--debezium beside that sink
	@$(VENV)/bin/python -m bench $(ARGUMENTS)

bench-profile: $(READY) ## say where the worker's time goes; needs py-spy on the PATH
	@$(VENV)/bin/python -m bench.profile $(ARGUMENTS)

bench-operators: $(READY) ## measure a reconcile, and the worker during a replay
	@$(VENV)/bin/python -m bench.operators

bench-latency: $(READY) ## measure how soon an event is in the registry, and what it costs
	@$(VENV)/bin/python -m bench.latency

bench-web: $(READY) ## measure the administrators' page; ARGUMENTS=--postgres for that
	@$(VENV)/bin/python -m bench.web $(ARGUMENTS)

check: $(READY) ## check lint, format, types, and the borders between rooms
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

shape: $(READY) ## print sizes, nesting, helpers used once, imports inside functions, comments
	@$(VENV)/bin/python tools/shape.py

docs-metrics: $(READY) ## write docs/metrics.md, which follows from the catalogue of metrics
	@$(VENV)/bin/python tools/metrics_page.py > docs/metrics.md

docs-commands: $(READY) ## write docs/commands.md, which follows from the help of the commands
	@$(VENV)/bin/python tools/commands_page.py > docs/commands.md

release-check: $(READY) ## say whether the commit that is checked out, and tagged, can be a release
	@$(VENV)/bin/python tools/release_check.py

# Strictly: what it knows nothing of counts as a failure, not as sound.
audit: $(READY) ## compare the locks with advisories: those of the index, or ADVISORIES=FOLDER
ifdef ADVISORIES
	@$(VENV)/bin/python tools/audit.py $(ADVISORIES)
else
	@test -x build/audit/bin/pip-audit || { $(VENV)/bin/python -m venv build/audit && \
		build/audit/bin/python -m pip --quiet install "$$($(VENV)/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["audit"])')"; }
	@for lock in requirements.lock requirements-dev.lock; do \
		build/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || exit 1; done
endif

sbom: $(READY) ## write what the wheel and the image consist of (CycloneDX) into build/sbom
	@$(VENV)/bin/python tools/sbom.py

lock: $(READY) ## lock the versions of dependencies, and keep those that are locked
	@echo "Locking: uv reads pyproject.toml and asks the index."
	@$(PIP) install "$$($(VENV)/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["lock"])')"
	@$(COMPILE) $(LOCKED) --output-file requirements.lock
	@$(COMPILE) $(LOCKED) --group dev --output-file requirements-dev.lock
	@$(COMPILE) --group build --constraints requirements-dev.lock --output-file requirements-build.lock
	@echo "Locked: requirements.lock (to run), requirements-build.lock (to build), requirements-dev.lock (all)."

upgrade: COMPILE += --upgrade
upgrade: lock ## lock the newest versions that pyproject.toml allows

clean: ## remove the environment, the demonstration and the caches
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find src tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# A working environment is kept; one whose interpreter is gone or too old is created again.
$(READY): requirements-dev.lock pyproject.toml
	@$(VENV)/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		for python in $(PYTHONS); do \
			"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			found=$$python; \
			"$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
			echo "Creating $(VENV) with $$("$$python" --version)."; \
			"$$python" -m venv --clear $(VENV) && exit 0; \
		done; \
		if [ -n "$$found" ]; then \
			echo "$$found cannot create an environment: install its venv module (Debian: python3-venv)." >&2; \
		else \
			echo "No Python 3.11 or later found among: $(PYTHONS)." >&2; \
			echo "Install one, or say where it is: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
		fi; \
		exit 1; }
	@echo "Installing the locked dependencies."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@echo "Installing sync-worker itself, in editable mode."
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
