# Two commands: `make run` brings up a meeting server, `make test` runs everything. Both set up what is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help run test vm-tests resilience bench fuzz client plane check units vms browser faults

VENV := .venv
PYTHON := $(VENV)/bin/python
CLIENT := pyjitsi/web/client
# Programs that come as wheels (Node, ruff, basedpyright) don't run on NixOS; its shell brings its own.
NODE_PATH := $(if $(IN_NIX_SHELL),,$(CURDIR)/$(VENV)/bin:)
BIOME := $(if $(IN_NIX_SHELL),biome,$(CURDIR)/$(VENV)/biome/node_modules/.bin/biome)
TOOLS := $(if $(IN_NIX_SHELL),,$(VENV)/bin/)
DEBIAN := prosody python3 python3-venv gcc libc6-dev python3-dev libssl-dev libldap-dev libsasl2-dev
DEBIAN_TEST := $(DEBIAN) chromium lua-check fonts-dejavu-core libatomic1 nix-bin openssl \
  nginx-light libnginx-mod-stream caddy coturn slapd curl qemu-system-x86 linux-image-amd64 busybox-static cpio kmod nftables
ARGS ?=

help:
	@echo "make run          a whole meeting server; prints the address to open (ARGS=\"--listen 0.0.0.0:8443 --tls self-signed\")"
	@echo "make test         everything: linters, types, unit tests, scenarios, NixOS modules, virtual machines, browsers"
	@echo "make vm-tests     all tests in virtual machines, also those that take long"
	@echo "make bench        our bridge and Janus under the same load: CPU for each packet, delay, memory"
	@echo "make fuzz         the packet path's C under AddressSanitizer, guided by coverage (ARGS=\"--seconds 600 rtp rtcp\")"
	@echo "make resilience   a table of what people notice when something dies in their meeting"

# Debian packages that are not there; on other systems, and with Nix, the tools come from the shell.
define debian
	missing=""
	for name in $(1); do dpkg -s $$name >/dev/null 2>&1 || missing="$$missing $$name"; done
	if [ -n "$$missing" ]; then
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo
	  echo "installing Debian packages:$$missing"
	  export DEBIAN_FRONTEND=noninteractive
	  $$sudo apt-get update -qq
	  $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null
	fi
endef

ifneq (,$(shell command -v apt-get))
packages = $(call debian,$(1))
else ifneq (,$(and $(shell command -v nix),$(if $(IN_NIX_SHELL),,outside)))
packages = echo "entering the development shell of flake.nix"; exec nix --extra-experimental-features "nix-command flakes" develop --command $(MAKE) $@ ARGS="$(ARGS)"
else
packages = true
endif

$(VENV)/.installed: pyproject.toml
	@if [ ! -x $(PYTHON) ]; then echo "making the Python environment in $(VENV)"; python3 -m venv $(VENV); fi
	echo "installing Python packages"
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# The data plane's extension (pyjitsi/bridge/plane), in place.
PLANE := $(wildcard pyjitsi/rtp/vp[89].p* pyjitsi/rtp/dependency.p* pyjitsi/bridge/plane/*.p* pyjitsi/bridge/plane/native/*.p*) setup.py
build/.plane: $(PLANE) $(VENV)/.installed
	@echo "compiling the data plane"
	mkdir -p build
	$(PYTHON) setup.py --quiet build_ext --inplace >build/plane.log 2>&1 || { cat build/plane.log; exit 1; }
	touch $@

plane: build/.plane

$(CLIENT)/node_modules/.installed: $(CLIENT)/package-lock.json $(VENV)/.installed
	@echo "installing the client's packages"
	cd $(CLIENT) && PATH="$(NODE_PATH)$$PATH" npm ci --no-audit --no-fund --loglevel=error
	touch node_modules/.installed

# Apart from the client's packages: its many platform packages would have to be in the lock file that builds the client.
$(VENV)/biome/node_modules/.bin/biome: $(VENV)/.installed
	@echo "installing biome"
	PATH="$(NODE_PATH)$$PATH" npm install --prefix $(VENV)/biome --no-audit --no-fund --loglevel=error @biomejs/biome@2.6.8

$(CLIENT)/dist/index.html: $(CLIENT)/node_modules/.installed $(shell find $(CLIENT)/src $(CLIENT)/public $(CLIENT)/index.html $(CLIENT)/vite.config.ts -type f 2>/dev/null)
	@echo "building the client"
	cd $(CLIENT) && PATH="$(NODE_PATH)$$PATH" npm run --silent build -- --logLevel warn
	touch dist/index.html

client: $(CLIENT)/dist/index.html plane

run:
	@$(call packages,$(DEBIAN))
	$(MAKE) --no-print-directory --silent client
	exec $(PYTHON) -m pyjitsi.cli up $(ARGS)

test:
	@$(call packages,$(DEBIAN_TEST))
	$(MAKE) --no-print-directory client
	$(MAKE) --no-print-directory check units vms browser faults

vm-tests:
	@$(call packages,$(DEBIAN_TEST))
	$(MAKE) --no-print-directory client
	PYJITSI_VM_TESTS=all $(MAKE) --no-print-directory vms

resilience:
	@$(call packages,$(DEBIAN_TEST))
	$(MAKE) --no-print-directory client
	$(MAKE) --no-print-directory faults

bench:
	@$(call packages,$(DEBIAN) janus iproute2)
	$(MAKE) --no-print-directory plane
	$(PYTHON) -m tests.bench.sfu $(ARGS)

fuzz:
	@$(call packages,$(DEBIAN) clang)
	$(MAKE) --no-print-directory plane
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(PYTHON) -m tests.fuzz.native $(ARGS)

check: $(if $(IN_NIX_SHELL),,$(VENV)/biome/node_modules/.bin/biome)
	@echo "== format and lint"; $(TOOLS)ruff format --check pyjitsi tests; $(TOOLS)ruff check pyjitsi tests
	echo "== types"; $(TOOLS)basedpyright
	echo "== who may import whom"; $(VENV)/bin/lint-imports
	echo "== Lua"
	if command -v luacheck >/dev/null; then luacheck --no-color pyjitsi/prosody; else echo "skipped: no luacheck; install lua-check"; fi
	echo "== client"; cd $(CLIENT); PATH="$(NODE_PATH)$$PATH"; export PATH
	npm run --silent check; $(BIOME) ci . ; npm test --silent

units:
	@echo "== unit tests, scenarios, fuzz targets"; $(PYTHON) -m pytest tests --ignore tests/browser --ignore tests/vm

vms:
	@echo "== virtual machines"; $(PYTHON) -m pytest tests/vm -s

# Apart, since Playwright's synchronous driver and asyncio tests don't share a process.
browser:
	@echo "== browsers"; $(PYTHON) -m pytest tests/browser --ignore tests/browser/test_turn.py
	$(PYTHON) -m pytest tests/browser/test_turn.py  # its browsers start in a network namespace, by a driver of its own

faults:
	@echo "== what people notice when something dies"; $(PYTHON) -m tests.resilience $(ARGS)
