# make demo   runs the article's story headless and prints the headers before and after
# make test   installs what the tests need, and runs all of them; K=expression: those whose names match (pytest -k)
# make quick  the tests that need Python alone, in under a minute
# make lab    opens JupyterLab on the notebooks
# make bench  measures, prints a table, writes build/bench.json; ONLY=rust: that language or part; RUNS=3: a quick look;
#             BASE=COMMIT measures that commit too, in turn, and says what got slower
# make chaos  breaks whatever it can on the embedded mesh and on the tests' cluster, and holds each verdict against what
#             requests show; RUNS=300, SEED=: the same again, ON=local or istio: one of them
# make mutants changes the templates' sources at random, and says which changes their own cases do not notice; RUNS=, SEED=
# make lint   ruff, mypy, the floors of ARCHITECTURE.md, clang-format; biome and TypeScript, where there is Node.js
# make format has Python, C++ and TypeScript as make lint wants them
# make front  bundles the widgets' front ends and the lab extension from labextension/ into the package (Node.js)
# make docs   writes what is made of Python: docs/magics.md, commands.md, errors.md, words.md, gallery.md with its pictures,
#             what Tab offers in a shell, some of labextension/src
# make reference writes build/reference/index.html, the Python API from its docstrings
# make site   writes build/site/index.html: the docs and the notebooks with their output, to read without a server
# make cluster, make cluster-down   bring up and end a real Kubernetes with Istio for the tests and for you (Linux, root)
# make binder does what a Binder would do with this checkout, and runs the notebooks in it: 1 CPU, no network (Linux)
# make wheel  builds dist/*.whl with the prebuilt C++ runtime and the compiled SDK in it
# make clean  takes away .venv, build and dist

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the tests' cluster is made of, besides Go modules.
CLUSTER := busybox-static ca-certificates conntrack containerd containernetworking-plugins curl docker-registry etcd-server iproute2 \
	iptables runc
# What only tests need: a browser, a judge of images, daemons that build in containers, C++ libraries, shells, a cluster with a registry.
DEBIAN := $(CLUSTER) chromium crun docker.io fish libfmt-dev nlohmann-json3-dev podman skopeo zsh
# Without isolation: an editable installation builds nothing, and would unpack a second compiler to do so.
INSTALL := $(BIN)/python -m pip install --quiet --no-build-isolation
# Whole files go to processes side by side, and all that needs the cluster to one of them (tests/needs/plugin.py).
BESIDE := -n logical --maxprocesses 4 --dist loadgroup --no-loadscope-reorder
QUICK := not (envoy or compiler or cluster or browser or container or registry or network or slow)
LINT = $(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy && $(BIN)/lint-imports --no-cache --no-logo
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Images of Python and CI set it: each run would compile all tests again, and each kernel that they start all of wasmnb.
unexport PYTHONDONTWRITEBYTECODE

# Those that are formatted; .clang-format-ignore names others.
CPP = $(shell git ls-files '*.cc' '*.h' '*.c')

.PHONY: demo test quick lab bench chaos mutants lint format front docs reference site binder wheel cluster cluster-down clean

demo: $(VENV)/run
	$(BIN)/python scripts/demo.py

test: lint
	scripts/debian-packages.sh $(DEBIAN)
	$(BIN)/python -m pytest $(if $(K),-k "$(K)",$(BESIDE))

quick: $(VENV)/test
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "$(QUICK)" $(if $(K),-k "$(K)")

lab: $(VENV)/lab
	$(BIN)/jupyter lab --notebook-dir notebooks

# Some benchmarks share the tests' cluster and browser.
bench: $(VENV)/test
	RUNS=$(RUNS) $(BIN)/python benchmarks/$(if $(BASE),compare.py $(BASE),bench.py) $(ONLY)

chaos: $(VENV)/test
	$(BIN)/python -m tests.chaos $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) $(if $(ON),--mesh $(ON)) $(if $(PROVE),--prove $(PROVE))

mutants: $(VENV)/test
	$(BIN)/python -m tests.mutants $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED))

lint: $(VENV)/test
	$(LINT)
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(BIN)/python scripts/front.py check

format: $(VENV)/test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(CPP)
	$(BIN)/python scripts/front.py format

front: $(VENV)/run
	$(BIN)/python scripts/front.py build

docs: $(VENV)/run
	$(BIN)/python scripts/gallery.py
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/typescript.py

reference: $(VENV)/test
	$(BIN)/pdoc --docformat numpy --no-show-source --output-directory build/reference wasmnb wasmnb.errors

site: $(VENV)/run
	$(INSTALL) -e '.[run,plots,site]'
	$(BIN)/python scripts/site.py

binder: $(VENV)/test
	$(BIN)/python scripts/binder.py

wheel: $(VENV)/run
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --wheel

cluster: $(VENV)/test
	scripts/debian-packages.sh $(CLUSTER)
	$(BIN)/python -m tests.cluster up --bookinfo bookinfo

cluster-down:
	$(BIN)/python -m tests.cluster down

# The C++ runtime takes a minute to build, once per machine; here, where one waits anyway, and never in a first cell.
$(VENV)/run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "installing wasmnb, an Envoy and a C++ compiler into $(VENV) ..."
	$(BIN)/python -m pip install --quiet hatchling
	$(INSTALL) -e '.[run]'
	$(BIN)/python -m wasmnb.compile.runtime
	@touch $@

$(VENV)/test: $(VENV)/run
	@echo "installing the tests' packages into $(VENV) ..."
	$(INSTALL) -e '.[run,lab,test]'
	@touch $@

$(VENV)/lab: $(VENV)/run
	@echo "installing JupyterLab into $(VENV) ..."
	$(INSTALL) -e '.[run,lab,plots]'
	mkdir -p $(VENV)/share/jupyter/labextensions
	ln -sfn $(CURDIR)/wasmnb/labextension $(VENV)/share/jupyter/labextensions/wasmnb
	@touch $@

clean:
	rm -rf $(VENV) build dist
