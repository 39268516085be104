# The front door. Everything is built by Meson; the targets here are one or a few of its commands each.

SHELL = /bin/sh
BUILD = build/release
PREFIX = /usr/local
DESTDIR =
SYSCONFDIR = /etc
SECONDS = 600
SEED = 0
TARGETS =
JOBS = 1
CONF =

RELEASE = --buildtype=release -Db_lto=true -Db_ndebug=false -Dtests=disabled

.PHONY: help deps build run check install uninstall fuzz fuzz-diff soak bench deb static check-packages format tidy docs clean

help: ## this list
	@echo 'Stockade: fail2ban, rebuilt in C. Two commands on a fresh machine, as root:  make run   make check'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'
	@echo
	@echo '  CONF=DIR for run; DESTDIR= PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) for install; SECONDS=$(SECONDS) for fuzz, fuzz-diff and soak'

deps: ## install what building needs (Debian and kin, as root); elsewhere: name it
	@tools/deps build

build: deps ## a release in build/release, runnable in place
	@tools/release $(BUILD) $(RELEASE) --prefix=$(PREFIX) --sysconfdir=$(SYSCONFDIR)

run: ## show an attack and its ban in the kernel; CONF=/etc/fail2ban: run on this machine's configuration
	@tools/need-root 'make run'
	@tools/deps build run
	@$(MAKE) --no-print-directory build
	@if [ -n '$(CONF)' ]; then exec $(BUILD)/fail2ban-server -c '$(CONF)' --logtarget=stdout -f start; else exec tools/demo; fi

check: ## build with both compilers, run every test and comparison; ends with "N passed, N failed"
	@tools/check

install: build ## programs, man pages, and a configuration where there is none yet
	@tools/install $(BUILD) '$(DESTDIR)' '$(PREFIX)' '$(SYSCONFDIR)'

uninstall: ## remove programs and man pages; the configuration stays
	@tools/install --remove '$(DESTDIR)' '$(PREFIX)'

fuzz: ## run each fuzz target, or TARGETS, for SECONDS (clang); JOBS at once
	@JOBS='$(JOBS)' tools/fuzz $(SECONDS) $(TARGETS)

fuzz-diff: ## compare fail2ban-regex with real fail2ban's on damaged lines for SECONDS
	@tools/deps build check
	@tools/fuzz-diff $(SECONDS)

soak: build ## faults at random (kills, full disk, clock, ...) for an hour, or SECONDS; SEED= repeats the choices
	@tests/e2e/soak.py --bin $(BUILD) --seconds $(if $(filter command line,$(origin SECONDS)),$(SECONDS),3600) --seed $(SEED)

bench: build ## how soon a ban is in the kernel; and speed beside fail2ban, with the benchmark kit beside this tree
	@tools/bench $(BUILD)

deb: ## the Debian package, in build/packages
	@tools/deps build package
	@tools/release build/deb $(RELEASE) --prefix=/usr --sysconfdir=/etc
	@tools/deb build/deb build/packages

static: ## the programs for any Linux, without libc and journal, in build/static (musl; on Debian)
	@tools/deps static
	@tools/static build/static

check-packages: deb static ## try the packages: the Debian one in a Debian, over fail2ban and back; the others as far as this machine can
	@tests/packages/forms.py
	@tests/packages/static.py
	@tests/packages/deb.py "$$(ls -t build/packages/stockade_*.deb | head -n 1)"

format: ## bring the C sources into the one form
	@find src tests -name '*.[ch]' | xargs clang-format -i

tidy: ## clang-tidy over all sources
	@tools/tidy

docs: ## write the man pages and completions anew from the tables
	@tools/gen-man
	@tools/gen-completions

clean: ## remove build/ and run/
	@rm -rf build run
