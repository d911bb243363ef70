# SPDX-License-Identifier: Apache-2.0
#
# make              build/pyleak
# make test         unit tests under ASan and UBSan; needs no root
# make check-root   every suite that needs root; make test-NAME runs the one in tests/NAME/
# make lint         layers, style, static analysis, spelling
# make format       clang-format on FILES, or all; nothing requires it
# make fuzz         build/fuzz/fuzz_*; run each with its folder under tests/fuzz/corpus/
# make bench        what a look costs, beside other tools too, and whether budgets hold: 25 minutes
# make install      below DESTDIR and PREFIX
#
# V=1 shows the commands. WERROR= lets warnings pass, for a compiler newer than this tree.

VERSION := 0.1.0

PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CLANG ?= clang
WERROR ?= -Werror
ARCH ?= $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))

# Ubuntu's /usr/sbin/bpftool is a script that fails when there is no build for exactly the running kernel, so the first
# that answers is taken.
BPFTOOL ?= $(firstword $(foreach tool,$(shell command -v bpftool) /usr/sbin/bpftool \
	$(wildcard /usr/lib/linux-tools*/*/bpftool),$(if $(shell $(tool) version 2>/dev/null),$(tool))) bpftool)

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef $(WERROR)
BASE := -std=gnu11 -D_GNU_SOURCE -DPYLEAK_VERSION='"$(VERSION)"' -Ibuild $(WARN)
HARDEN := -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN_x86 := -fstack-clash-protection -fcf-protection
HARDEN_arm64 := -fstack-clash-protection -mbranch-protection=standard
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack
LIBS := -lbpf -lelf -ldw -ljansson -llzma -lz -lncursesw -ltinfo -lpthread -lm
LIBS += -linih -lmicrohttpd -lcurl -lsnappy -lsqlite3 -lcap-ng -lseccomp # of the agent

SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

LIB_SRC := $(filter-out user/main.c,$(wildcard user/*/*.c))
BPF_SRC := $(wildcard bpf/*.bpf.c)
TEST_SRC := $(wildcard tests/unit/t_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

SKEL := $(if $(BPF_SRC),build/pyleak.skel.h)
TESTS := $(TEST_SRC:tests/unit/%.c=build/asan/%)
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/%)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-9s%s\n' $(1) $(2))

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

all: build/libpyleak.a $(if $(wildcard user/main.c),build/pyleak)

build/pyleak: build/release/user/main.o build/libpyleak.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

# One set of objects for each way of compiling: $(1) folder under build/, $(2) compiler, $(3) flags, $(4) archive.
define objects
build/$(1)/%.o: %.c Makefile | $$(SKEL)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(2) $$(BASE) $(3) -MMD -MP -c -o $$@ $$<

$(4): $$(LIB_SRC:%.c=build/$(1)/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

-include $$(patsubst %.c,build/$(1)/%.d,user/main.c $$(LIB_SRC) $$(TEST_SRC) $$(FUZZ_SRC))
endef
$(eval $(call objects,release,$$(CC),$$(CFLAGS) $$(HARDEN) $$(HARDEN_$$(ARCH)),build/libpyleak.a))
$(eval $(call objects,asan,$$(CC),$$(SANITIZE),build/asan/libpyleak.a))
$(eval $(call objects,fuzz,$$(CLANG),$$(FUZZ),build/fuzz/libpyleak.a))

# BPF: one object per source, joined into one, which becomes the skeleton that user/probe/ loads.
build/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -g -O2 -Wall -Wextra $(WERROR) -D__TARGET_ARCH_$(ARCH) -Ivmlinux/$(ARCH) \
		-MMD -MP -c -o $@ $<

build/pyleak.bpf.o: $(BPF_SRC:bpf/%.c=build/bpf/%.o)
	$(call say,GEN-OBJ,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

build/pyleak.skel.h: build/pyleak.bpf.o
	$(call say,GEN-SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name pyleak > $@
	$(Q)sed -i '1i // NOLINTBEGIN: generated' $@ && echo '// NOLINTEND' >> $@

-include $(BPF_SRC:bpf/%.c=build/bpf/%.d)

build/asan/t_%: build/asan/tests/unit/t_%.o build/asan/libpyleak.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(LIBS) -lcmocka

build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/libpyleak.a
	$(call say,LINK,$@)
	$(Q)$(CLANG) $(FUZZ) -fsanitize=fuzzer -o $@ $^ $(LIBS)

test: $(TESTS)
	$(Q)$(if $^,tests/unit/run $^)

fuzz: $(FUZZERS)

# A suite is an executable tests/NAME/run; it prints PASS, FAIL or SKIP lines and fails when it printed a FAIL.
SUITES := $(filter-out unit bench,$(patsubst tests/%/run,%,$(wildcard tests/*/run)))

$(SUITES:%=test-%): test-%: all
	$(Q)tests/$*/run

check-root: $(SUITES:%=test-%)

bench: all
	$(Q)tests/bench/run
	$(Q)tests/bench/heap --beside-only
	$(Q)tests/bench/peers/run --write
	$(Q)tests/bench/budget --write --pairs 2
	$(Q)tests/bench/pair

lint: $(SKEL)
	$(Q)scripts/lint

format: FILES ?= $(wildcard user/*.[ch] user/*/*.[ch] bpf/*.[ch] tests/*/*.[ch])
format:
	$(Q)clang-format -i $(FILES)

install: all
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)install -D -m 755 build/pyleak $(DESTDIR)$(PREFIX)/sbin/pyleak
	$(Q)install -D -m 644 docs/pyleak.8 $(DESTDIR)$(PREFIX)/share/man/man8/pyleak.8
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/doc/pyleak
	$(Q)install -m 644 README.md CHANGELOG.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/pyleak/

clean:
	$(Q)rm -rf build

.PHONY: all test fuzz $(SUITES:%=test-%) check-root bench lint format install clean
