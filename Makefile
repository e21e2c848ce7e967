# From a fresh machine to music: `make play` and `make test` set up what they need, once.
#
# Everything is installed into .venv, at the versions in constraints.txt. A player downloads no torch.
# A new target is one rule with a `##` comment, from which `make help` lists it; give it `| $(ALL)`
# to have the trainer and the tests' tools, or `| $(PLAYER)` for the instrument alone.

PYTHON ?= python3
DIR ?= ../shared/corpus
NAME ?= mine
MINUTES ?= 10
PICTURES ?= screenshots
BIN := .venv/bin
PLAYER := .venv/set-up-to-play
ALL := .venv/set-up-to-test
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: play test model bench screenshots setup setup-all check lock clean help play-packages test-packages

play: $(PLAYER) ## Play: set up the instrument, then start it (ARGS="play --virtual" and the like)
	@$(BIN)/antiphon $(ARGS)

test: check ## Test: set up everything, then check the code and run all tests
	@$(BIN)/python -m pytest $(ARGS)

model: $(ALL) ## Make a model of your own from a folder of MIDI files (DIR=folder NAME=mine)
	@$(BIN)/antiphon-train model $(DIR) --name $(NAME)

bench: $(ALL) ## Measure notes, painting, the stage for MINUTES, and the workshop (DIR=folder)
	@$(BIN)/antiphon-train bench $(DIR)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m gui.bench
	@$(BIN)/python -m performer.bench_stage play --minutes $(MINUTES)

screenshots: $(ALL) ## Take pictures of the window, by day, by night, small and large (PICTURES=folder)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m gui.screenshots $(PICTURES)

check: $(ALL) ## Check style, types and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

setup: $(PLAYER) ## Set up what `make play` needs, and no more

setup-all: $(ALL) ## Set up what `make test` needs: the trainer and the tests' tools too

lock: ## Renew constraints.txt, on the oldest Python that it must serve (Debian 12 has 3.11.2)
	@rm -rf .venv && : > constraints.txt && $(MAKE) setup-all
	@{ echo "# Every package that a set-up may install, at the version that the tests ran with, so that a fresh"; \
	   echo "# set-up is repeatable. \`make lock\` renews it. torch names its own CUDA packages exactly."; \
	   $(BIN)/python -m pip freeze --all --exclude-editable | grep -viE '^(pip|wheel|nvidia-.*|triton)==' | sed 's/+.*//'; \
	 } > constraints.txt
	@touch $(PLAYER) $(ALL)

clean: ## Remove the virtual environment and all that can be made again
	@rm -rf .venv build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(PLAYER): pyproject.toml constraints.txt | play-packages .venv/made
	@echo "Setting up the instrument in .venv: a minute or two, this once."
	@$(INSTALL) hatchling editables
	@$(INSTALL) --no-build-isolation --no-deps --editable .
	@$(INSTALL) 'antiphon[gui]'
	@$(INSTALL) --no-deps tinysoundfont # it asks for pyaudio, which we do without: miniaudio plays
	@touch $@

$(ALL): pyproject.toml constraints.txt | test-packages .venv/made
	@echo "Setting up the instrument, the trainer and the tests in .venv: some minutes, this once."
	@$(INSTALL) hatchling editables
	@$(INSTALL) --no-build-isolation --no-deps --editable .
	@$(INSTALL) 'antiphon[gui,train,dev]'
	@$(INSTALL) --no-deps tinysoundfont # it asks for pyaudio, which we do without: miniaudio plays
	@touch $(PLAYER) $@

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	 { echo "Antiphon needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv --clear .venv
	@touch $@

play-packages test-packages:
	@PYTHON=$(PYTHON) ./debian-packages.sh $(@:-packages=)
