# make run    sets up .venv, then serves the app on http://localhost:7860 (PORT=8000: elsewhere)
# make test   sets up what tests need, a browser included, then runs them (ARGS=… for pytest)
# make test-gpu  the tests that need a GPU, which fail without one; after make run CMAKE_ARGS=…
# make test-ray  the tests of `serve`, in a venv of its own with Ray (500 MB more)
# make space  what a Space does with this folder, done here (SERVE=1: goes on serving)
# make record answers to the gallery's prompts by the embedded pair, into prompts/recorded/
# make lint   ruff
# make lock   requirements-lock.txt, after a change of requirements (ARGS=--upgrade: all anew)
# make audit  what is known against the versions in requirements-lock.txt (asks pypi.org)
# make bench  measures our own speed against what is asked of it, by hand, on a quiet machine
#             (LINES=stop,page: only these; bench-full: the real models' shapes too, 5.2 GB, and
#             llama-bench, which is compiled once, in minutes)
# make soak   what strangers, signals and surroundings do to the app (ROWS=visitors,killed: only these)
#
# The first set-up compiles llama.cpp, which takes minutes. That build takes CMAKE_ARGS too:
# make run CMAKE_ARGS=-DGGML_CUDA=on. Without them, a later make keeps the build that is there.

PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet -c requirements-lock.txt

# Stamps, touched when a step is complete: an interrupted step is done again.
VENV := .venv/.made
LLAMA := .venv/.llama
APP := .venv/.app
TESTS := .venv/.tests
LINT := .venv/.lint
UV := .venv/.uv
RAY := .venv/ray/.made

export ASKED := $(strip $(CMAKE_ARGS))
# pip's cache and an installed build don't know what arguments they were built with.
ANEW := --no-cache-dir --force-reinstall

.PHONY: run test test-gpu test-ray space lint lock audit picture bench bench-full soak record FORCE

run: $(APP)
	$(PY) app.py

test: $(TESTS)
	$(PY) tests/browser/install.py
	$(PY) -m pytest $(ARGS)

test-gpu: $(TESTS)
	$(PY) -m pytest -m gpu $(ARGS)

test-ray: $(RAY)
	.venv/ray/bin/python -m pytest -m ray $(ARGS)

# Builds with the platform's own pip call, from the package index; a minute or two.
space: $(TESTS)
	@$(PY) tests/browser/install.py
	@PYTHONPATH=.:tests:tests/browser:tests/space $(PY) tests/space/space.py $(if $(SERVE),--serve) $(ARGS)

# The README's picture, from the running app.
picture: $(TESTS)
	$(PY) tests/browser/install.py
	$(PY) tests/browser/picture.py

# Prints the table and writes it to .venv/bench.md; ARGS=--help: what else there is.
bench bench-full: $(TESTS)
	@$(PY) tests/browser/install.py
	@PYTHONPATH=.:tests:tests/browser $(PY) -m performance --lines "$(LINES)" $(FULL) $(ARGS)

bench-full: FULL := --full

# Half an hour to an hour; the table goes to .venv/soak.md, too.
soak: $(TESTS)
	@PYTHONPATH=.:tests:tests/browser $(PY) -m soak --rows "$(ROWS)" $(ARGS)

# On a machine that does nothing else, for fair speeds; goes on where it was interrupted. To begin anew,
# remove the file first.
record: $(APP)
	@mkdir -p prompts/recorded
	$(PY) -m compare record --models smollm2,gemma3 --out prompts/recorded/embedded.json

lint: $(LINT)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

# Exact versions of all that is installed here; a Space settles its own within requirements.txt.
lock: $(UV)
	$(PY) tests/space/lock.py $(ARGS)

# In an environment of its own: what it needs is nothing that the app brings. A report, no check: it fails
# where something is known, or the network is away.
audit: $(UV)
	$(PY) -m uv tool run pip-audit@2.10.1 --requirement requirements-lock.txt --no-deps --disable-pip $(ARGS)

# Before 23.1, pip doesn't read --config-settings in a requirements file.
$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet "pip>=23.1"
	@touch $@

# These change only when the version or the arguments do, so that nothing else compiles again.
.venv/llama.txt: $(VENV) FORCE
	@grep '^llama-cpp-python' requirements.txt | cmp -s - $@ || grep '^llama-cpp-python' requirements.txt > $@

.venv/cmake-args: $(VENV) FORCE
	@{ test -e $@ && test -z "$$ASKED"; } || echo "$$ASKED" | cmp -s - $@ || echo "$$ASKED" > $@

.venv/processor: $(VENV) FORCE
	@echo "$(PROCESSOR)" | cmp -s - $@ || echo "$(PROCESSOR)" > $@

# Besides, what this processor has beyond AVX2: with AVX-512 a prompt is read 1.3 to 2 times as fast. Not by
# -march=native, which takes a virtual machine's processor for more than it may use.
AVX512 := avx512f avx512bw avx512cd avx512dq avx512vl avx512vbmi avx512_vnni avx512_bf16
HAS := $(shell grep -m1 '^flags' /proc/cpuinfo 2>/dev/null)
PROCESSOR := $(if $(filter-out $(HAS),$(AVX512)),,$(foreach set,AVX512 AVX512_VBMI AVX512_VNNI AVX512_BF16,-DGGML_$(set)=ON))

# llama.cpp's `common` library is half of the build, and not used here. llama-cpp-python forces it
# on with a cache variable; a plain variable of the same name, set before, wins over that one.
$(LLAMA): .venv/llama.txt .venv/cmake-args .venv/processor
	@echo "Compiling llama.cpp, unless pip has a build of it: about three minutes on two cores"
	@echo 'set(LLAMA_BUILD_COMMON OFF)' > .venv/no-common.cmake
	args="$$(echo $$(cat .venv/processor .venv/cmake-args))"; \
	  CMAKE_ARGS="-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES='$(CURDIR)/.venv/no-common.cmake' $$args" \
	  $(PIP) install $${args:+$(ANEW)} --no-deps -r .venv/llama.txt
	@touch $@

$(APP): $(LLAMA) requirements.txt requirements-lock.txt requirements-embedded.txt
	$(INSTALL) -r requirements.txt
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-embedded.txt
	@touch $@

$(TESTS): $(APP) tests/requirements.txt
	$(INSTALL) -r tests/requirements.txt
	@touch $@

# Sees what .venv has, and adds only what that lacks.
$(RAY): $(TESTS) requirements-ray.txt
	$(PY) -m venv .venv/ray
	$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$(.venv/ray/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/app.pth"
	.venv/ray/bin/python -m pip --disable-pip-version-check install --quiet -r requirements-ray.txt
	@touch $@

# Only ruff, and only uv: linting and locking shouldn't have to wait for a compiler.
$(LINT): TOOL := ruff
$(UV): TOOL := uv
$(LINT) $(UV): $(VENV) tests/requirements.txt
	$(PIP) install --quiet "$$(grep '^$(TOOL)==' tests/requirements.txt)"
	@touch $@
