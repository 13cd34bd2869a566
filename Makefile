# make run    starts a node            make test   runs every test
# Both install what they need first: Debian packages by apt, Python packages into .venv.

PYTHON ?= python3
FUZZ_SECONDS ?= 120
# Test files that run at once: most of them wait for phones and timers, not for the processor.
TEST_WORKERS ?= 3

# Debian packages: what a node needs, and what the tests need on top of it.
DEBIAN_RUN = python3 python3-dev python3-venv openssl gcc make pkg-config \
	libsrtp2-dev libsodium-dev libunbound8 gnupg
DEBIAN_TEST = git iproute2 tshark \
	avahi-daemon babeld baresip-core kamailio knot ldnsutils linphone-cli rtpengine-daemon \
	sip-tester pdns-server pdns-backend-sqlite3 prosody prosody-modules \
	busybox chromium fonts-dejavu-core shellcheck \
	clang libclang-rt-dev dpkg-dev libssl-dev qemu-user valgrind \
	$(foreach target,mips-linux-gnu mipsel-linux-gnu arm-linux-gnueabihf aarch64-linux-gnu,\
		gcc-$(target)) \
	$(foreach machine,mips mipsel armhf arm64,libc6-dev-$(machine)-cross)
# Extras of src/pyproject.toml, in the same two parts.
EXTRAS_RUN = dns,mesh,media,pgp,qr
EXTRAS_TEST = $(EXTRAS_RUN),exchange,test

BIN = .venv/bin
SOURCES = src $(wildcard tests native/*.py)
FAST = $(wildcard tests/unit tests/architecture tests/vectors)

.PHONY: setup run test test-fast lint diagrams format bench bench-mesh bench-lite bench-media exchange cross fuzz native micropython deb clean

setup: .venv/installed-test

run: .venv/installed-run native
	LD_LIBRARY_PATH=native/.build/host $(BIN)/python -m bellhop --state .state

test: .venv/installed-test native micropython
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --cache-clear tests || $(BIN)/python -m tests.again

test-fast: .venv/installed-test
	$(BIN)/python -m pytest $(FAST)

lint: .venv/installed-test
	$(BIN)/ruff check --output-format concise --config src/pyproject.toml $(SOURCES)
	$(BIN)/ruff format --check --quiet --output-format concise --config src/pyproject.toml $(SOURCES)
	$(BIN)/mypy --config-file src/pyproject.toml src/bellhop
	$(BIN)/python -m pytest -q tests/architecture
	$(BIN)/python -m tests.architecture.sizes

# The state machines, drawn from their tables: build/diagrams.md
diagrams: .venv/installed-test
	$(BIN)/python -m tests.architecture.diagrams build/diagrams.md

format: .venv/installed-test
	$(BIN)/ruff check --fix --config src/pyproject.toml $(SOURCES)
	$(BIN)/ruff format --config src/pyproject.toml $(SOURCES)

bench: .venv/installed-test native
	$(BIN)/python -m tests.bench

bench-mesh: .venv/installed-test
	$(BIN)/python -m tests.bench.mesh
	$(BIN)/python -m tests.bench.cells
	$(BIN)/python -m tests.simulator.calls 1000

bench-lite: .venv/installed-test micropython
	$(BIN)/python -m tests.bench.lite

bench-media: .venv/installed-test native
	$(BIN)/python -m tests.bench.media
	$(BIN)/python -m tests.bench.circuit

# A lab of names on this machine: directory, provider, messages, two nodes with phones. Needs root.
exchange: .venv/installed-test native
	LD_LIBRARY_PATH=native/.build/host $(BIN)/python -m tests.exchange.lab

cross: .venv/installed-test
	$(MAKE) -C native cross

fuzz: .venv/installed-test
	$(BIN)/python -m tests.hostile.fuzz --seconds $(FUZZ_SECONDS)

native: .venv/installed-run
	$(MAKE) -C native all binding PYTHON=$(abspath $(BIN)/python)

# A second MicroPython, with ffi, for what the one in .venv cannot do.
micropython: .micropython/micropython

# Leaves .state alone: it holds the node's identity and its accounts.
clean:
	$(MAKE) -C native clean
	rm -rf .venv .micropython .hypothesis .mypy_cache .pytest_cache .ruff_cache src/*.egg-info
	find src tests native -name __pycache__ -prune -exec rm -rf {} +

.venv/installed-run: src/pyproject.toml .ci/install-debian
	.ci/install-debian $(DEBIAN_RUN)
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable 'src[$(EXTRAS_RUN)]'
	touch $@

.venv/installed-test: .venv/installed-run Makefile
	.ci/install-debian $(DEBIAN_TEST)
	$(BIN)/pip install --quiet --editable 'src[$(EXTRAS_TEST)]'
	touch $@

.micropython/micropython: .ci/fetch-micropython
	.ci/fetch-micropython .micropython
	-.ci/fetch-micropython .micropython/i386 i386
	-.ci/fetch-micropython .micropython/s390x s390x

deb: native
	$(BIN)/python debian/package.py build/deb

# make ipk packages firmware boards footprint: for OpenWrt.
include openwrt/build.mk
