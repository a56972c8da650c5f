# Halligan. `make help` lists the targets. Honoured: CC CFLAGS LDFLAGS PREFIX DESTDIR BUILD V=1, WERROR= (warnings allowed).
#
# Every engine/*/*.c is found by itself. Objects land in $(BUILD)/<flavour>/obj; the release binary is $(BUILD)/halligan,
# the others are $(BUILD)/<flavour>/halligan.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?= -Werror
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG   ?= clang
PYTHON  ?= python3
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

# ---- libraries: pkg-config name = Debian package --------------------------------------------------------------------
LIBRARIES := lua5.4=liblua5.4-dev libcurl=libcurl4-openssl-dev sqlite3=libsqlite3-dev \
             libevent_core=libevent-dev libevent_pthreads=libevent-dev libcrypto=libssl-dev jansson=libjansson-dev libseccomp=libseccomp-dev
# Without a pkg-config file: the header's folder and the library have the same name.
PLAIN_LIBRARIES := wslay=libwslay-dev
TEST_LIBRARIES := cmocka=libcmocka-dev
library_names = $(foreach pair,$(1),$(firstword $(subst =, ,$(pair))))

NO_LIBRARIES_NEEDED := help deps clean docs format lint
ifneq ($(filter-out $(NO_LIBRARIES_NEEDED),$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell tools/check_libs.sh $(LIBRARIES) -- $(PLAIN_LIBRARIES) >&2 && echo found),found)
$(error a library is missing, see above)
endif
LIB_CFLAGS := $(shell pkg-config --cflags $(call library_names,$(LIBRARIES)))
LIBS := $(shell pkg-config --libs $(call library_names,$(LIBRARIES))) \
        $(addprefix -l,$(call library_names,$(PLAIN_LIBRARIES))) -lm -lpthread
TEST_LIBS := $(shell pkg-config --libs $(call library_names,$(TEST_LIBRARIES)) 2>/dev/null)
endif

# ---- flags ------------------------------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef $(WERROR)
BASE_CFLAGS := -std=gnu11 $(WARNINGS) -Iengine -DHALLIGAN_VERSION='"$(VERSION)"' $(LIB_CFLAGS) -pthread

release_CC := $(CC)
# Everything is bound at the start, so that calls into libraries need no stub of their own.
release_CFLAGS := -O2 -g -fno-plt -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
release_LDFLAGS := -pie -Wl,-z,relro,-z,now
debug_CC := $(CC)
debug_CFLAGS := -Og -g3 -fno-omit-frame-pointer
debug_LDFLAGS :=
asan_CC := $(CC)
asan_CFLAGS := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
asan_LDFLAGS := -fsanitize=address,undefined
fuzz_CC := $(CLANG)
fuzz_CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
fuzz_LDFLAGS := -fsanitize=fuzzer,address,undefined

# ---- files ------------------------------------------------------------------------------------------------------------
SOURCES := $(sort $(wildcard engine/*/*.c))
MAIN_SOURCE := engine/cli/main.c
MIGRATIONS := $(sort $(wildcard engine/store/migrations/[0-9]*.sql))
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
LUA_TESTS := $(shell find tests/lua -name '*_test.lua' 2>/dev/null)
LUA_FOLDERS := $(wildcard scripts strategies tests/lua)
C_FILES := $(SOURCES) $(UNIT_SOURCES) $(wildcard engine/*/*.h tests/unit/*.h)

ASAN_BINARY := $(BUILD)/asan/halligan
UNIT_PROGRAMS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/asan/tests/%)
FUZZ_PROGRAMS := $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: help all debug asan test test-unit test-lua test-e2e warnings bench bench-large fuzz lint format docs demo run install \
        uninstall clean deps FORCE

all: $(BUILD)/halligan $(BUILD)/compile_commands.json ## build/halligan, optimised
debug: $(BUILD)/debug/halligan ## build/debug/halligan, for gdb
asan: $(ASAN_BINARY) ## build/asan/halligan, with AddressSanitizer and UBSan

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/\1|\2/' | \
	    awk -F'|' '{ printf "  make %-11s %s\n", $$1, $$2 }'

# ---- one set of rules a flavour: objects, the archive without main, the binary -----------------------------------------
# flags.txt changes only when compiler or flags do, and everything of the flavour depends on it.
define flavour_rules
$(1)_OBJECTS := $$(SOURCES:engine/%.c=$$(BUILD)/$(1)/obj/%.o) $$(BUILD)/$(1)/obj/gen/migrations.o
$(1)_MAIN := $$(MAIN_SOURCE:engine/%.c=$$(BUILD)/$(1)/obj/%.o)
$(1)_COMPILE := $$($(1)_CC) $$(BASE_CFLAGS) $$($(1)_CFLAGS) $$(CFLAGS)
$(1)_LINK := $$($(1)_CC) $$($(1)_CFLAGS) $$(CFLAGS) $$($(1)_LDFLAGS) $$(LDFLAGS)

$$(BUILD)/$(1)/flags.txt: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(subst ','\'',$$($(1)_COMPILE) | $$($(1)_LINK) $$(LIBS))' >$$@.new
	@if cmp -s $$@.new $$@; then rm $$@.new; else mv $$@.new $$@; fi

$$(BUILD)/$(1)/obj/%.o: engine/%.c $$(BUILD)/$(1)/flags.txt
	@mkdir -p $$(@D)
	$$(say) CC '$$< ($(1))'
	$$(Q)$$($(1)_COMPILE) -MMD -MP -c -o $$@ $$<

$$(BUILD)/$(1)/gen/migrations.c: $$(MIGRATIONS) tools/embed_migrations.sh engine/store/migrations
	@mkdir -p $$(@D)
	$$(Q)tools/embed_migrations.sh $$(MIGRATIONS) >$$@

$$(BUILD)/$(1)/obj/gen/migrations.o: $$(BUILD)/$(1)/gen/migrations.c $$(BUILD)/$(1)/flags.txt
	@mkdir -p $$(@D)
	$$(Q)$$($(1)_COMPILE) -MMD -MP -c -o $$@ $$<

$$(BUILD)/$(1)/libhalligan.a: $$(filter-out $$($(1)_MAIN),$$($(1)_OBJECTS))
	@rm -f $$@
	$$(say) AR $$@
	$$(Q)$$(AR) rcs $$@ $$^

-include $$($(1)_OBJECTS:.o=.d)
endef
FLAVOURS := release debug asan fuzz
$(foreach flavour,$(FLAVOURS),$(eval $(call flavour_rules,$(flavour))))

$(BUILD)/halligan: $(release_MAIN) $(BUILD)/release/libhalligan.a
	$(say) LINK $@
	$(Q)$(release_LINK) -o $@ $^ $(LIBS)

$(BUILD)/debug/halligan: $(debug_MAIN) $(BUILD)/debug/libhalligan.a
	$(say) LINK $@
	$(Q)$(debug_LINK) -o $@ $^ $(LIBS)

$(ASAN_BINARY): $(asan_MAIN) $(BUILD)/asan/libhalligan.a
	$(say) LINK $@
	$(Q)$(asan_LINK) -o $@ $^ $(LIBS)

$(BUILD)/compile_commands.json: Makefile $(BUILD)/release/flags.txt $(sort $(dir $(SOURCES)))
	@tools/compile_commands.sh '$(subst ','\'',$(release_COMPILE))' $(SOURCES) >$@

# ---- tests --------------------------------------------------------------------------------------------------------------
test: ## everything: lint, both compilers' warnings, unit, Lua and end-to-end tests
	@tools/test_all.sh $(BUILD)/test-logs '$(MAKE)' lint warnings test-unit test-lua test-e2e

test-unit: $(UNIT_PROGRAMS) ## the C unit tests, under ASan and UBSan
	@tools/run_unit.sh $^

$(BUILD)/asan/tests/%: tests/unit/%.c $(BUILD)/asan/libhalligan.a
	@mkdir -p $(@D)
	$(say) TEST $<
	$(Q)$(asan_COMPILE) -MMD -MP -MF $@.d -MT $@ -o $@ $< $(BUILD)/asan/libhalligan.a $(asan_LDFLAGS) $(LDFLAGS) $(LIBS) $(TEST_LIBS)

-include $(UNIT_PROGRAMS:%=%.d)
-include $(FUZZ_PROGRAMS:%=%.d)

test-lua: $(ASAN_BINARY) ## the Lua tests, inside the engine
	$(if $(LUA_TESTS),$(Q)$(ASAN_BINARY) test tests/lua,@echo 'no tests in tests/lua')

test-e2e: $(ASAN_BINARY) ## the end-to-end tests: the real binary over HTTP
	$(Q)$(PYTHON) tests/e2e/run.py --halligan $(ASAN_BINARY)

# gcc's warnings come with the asan build; here every file passes clang as well.
CLANG_CHECKS := $(patsubst %.c,$(BUILD)/clang/%.ok,$(SOURCES) $(UNIT_SOURCES))
warnings: $(CLANG_CHECKS) $(asan_OBJECTS) ## no warning from gcc nor from clang
	@echo 'no warnings from $(CC) and $(CLANG)'

$(BUILD)/clang/%.ok: %.c Makefile
	@mkdir -p $(@D)
	$(say) CLANG $<
	$(Q)$(CLANG) $(BASE_CFLAGS) $(CFLAGS) -fsyntax-only -MD -MP -MF $(@:.ok=.d) -MT $@ $<
	@touch $@

-include $(CLANG_CHECKS:.ok=.d)

bench: $(BUILD)/halligan $(BUILD)/bench/bound ## measure against the targets
	$(Q)$(PYTHON) tests/bench/run.py --halligan $(BUILD)/halligan --bound $(BUILD)/bench/bound
	$(Q)$(PYTHON) tests/bench/large.py --halligan $(BUILD)/halligan --incidents 100000

bench-large: $(BUILD)/halligan ## a million incidents against ten thousand
	$(Q)$(PYTHON) tests/bench/large.py --halligan $(BUILD)/halligan

$(BUILD)/bench/bound: tests/bench/bound.c $(BUILD)/release/flags.txt
	@mkdir -p $(@D)
	$(say) BOUND $<
	$(Q)$(release_COMPILE) $(release_LDFLAGS) $(LDFLAGS) -o $@ $< $(LIBS)

FUZZ_SECONDS ?= 30
fuzz: $(FUZZ_PROGRAMS) ## run each fuzzer for FUZZ_SECONDS (30)
	$(Q)set -e; for program in $^; do \
	    name=$$(basename $$program); corpus=$(BUILD)/fuzz/corpus/$$name; mkdir -p $$corpus; \
	    seeds=tests/fuzz/corpus/$$name; [ -d $$seeds ] || seeds=; \
	    $$program -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 $$corpus $$seeds; \
	done

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/libhalligan.a
	@mkdir -p $(@D)
	$(say) FUZZ $<
	$(Q)$(fuzz_COMPILE) -MMD -MP -MF $@.d -MT $@ -o $@ $< $(BUILD)/fuzz/libhalligan.a $(fuzz_LDFLAGS) $(LDFLAGS) $(LIBS)

# ---- care ---------------------------------------------------------------------------------------------------------------
lint: ## floors, forbidden calls, comments, stale docs, luacheck
	@$(PYTHON) tools/lint.py
	@$(PYTHON) tools/lua_api_docs.py --check
ifneq ($(LUA_FOLDERS),)
	@luacheck --quiet --no-color $(LUA_FOLDERS)
endif

format: ## clang-format over all C files
	clang-format -i $(C_FILES)

docs: ## the generated reference pages
	$(Q)$(PYTHON) tools/lua_api_docs.py

demo: $(BUILD)/halligan ## an incident from its declaration to the archive, told step by step; stays up
	$(Q)$(PYTHON) tools/demo.py --halligan $(BUILD)/halligan

run: $(BUILD)/halligan ## serve with ./config.lua
	$(Q)$(BUILD)/halligan serve --config config.lua

deps: ## install the Debian packages of packages.txt
	$(if $(filter 0,$(shell id -u)),,sudo )apt-get install -y --no-install-recommends \
	    $$(sed 's/#.*//' packages.txt)

# install_file and install_tree do nothing for what does not exist.
install_file = if [ -e $(1) ]; then install -D -m $(2) $(1) $(DESTDIR)$(PREFIX)/$(3); fi
install_tree = for file in $$(find $(1) -type f 2>/dev/null); do \
    install -D -m 644 $$file $(DESTDIR)$(PREFIX)/share/halligan/$$file; done
install: $(BUILD)/halligan ## into DESTDIR/PREFIX (/usr/local)
	$(Q)install -D -m 755 $(BUILD)/halligan $(DESTDIR)$(PREFIX)/bin/halligan
	$(Q)$(call install_file,config.lua,644,share/halligan/config.lua)
	$(Q)$(call install_tree,scripts)
	$(Q)$(call install_tree,strategies)
	$(Q)$(call install_file,tools/halligan.service,644,lib/systemd/system/halligan.service)
	$(Q)$(call install_file,docs/halligan.1,644,share/man/man1/halligan.1)

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/halligan $(DESTDIR)$(PREFIX)/lib/systemd/system/halligan.service \
	    $(DESTDIR)$(PREFIX)/share/man/man1/halligan.1
	rm -rf $(DESTDIR)$(PREFIX)/share/halligan

clean: ## remove everything built
	rm -rf $(BUILD)/halligan $(BUILD)/bench $(BUILD)/compile_commands.json $(FLAVOURS:%=$(BUILD)/%) $(BUILD)/clang $(BUILD)/test-logs
	-@rmdir $(BUILD) 2>/dev/null || true
