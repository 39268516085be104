/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any lines through a filter with sessions, a prefregex and several buffered lines, or any state
 * given back to it: ids are there and in bounds, and the filter goes on. The first byte chooses; an
 * input is lines, or a key and its state. */
#include <math.h>

#include "detect/filter.h"
#include "fuzz.h"

static struct clock now;
static const struct filter_env env = {.clock = &now};

static void set(struct filter *filter, const char *option, const char *text) {
        struct arena arena = ARENA_INIT;
        struct value arguments = value_list();
        struct value ret;
        (void)value_append(&arguments, value_text(text), &arena);
        FUZZ_REQUIRE(filter_set(filter, slice_of(option), &arguments, &arena, &ret, NULL) == 0);
        arena_done(&arena);
}

static struct filter *make(unsigned choice) {
        struct filter *filter =
                filter_new(SLICE("fuzz"), choice & 1 ? FILTER_TOOL : FILTER_DAEMON, &env);
        if (!(choice & 32)) /* the defaults take long to compile */
                set(filter, "datepattern", choice & 64 ? "^%Y-%m-%d %H:%M:%S" : "{NONE}");
        if (choice & 2)
                set(filter, "maxlines", "3");
        if (choice & 4)
                set(filter, "prefregex",
                        "^(?:\\[\\])?\\s*(?:<F-MLFID>c\\d?</F-MLFID>: "
                        ")?<F-CONTENT>.+</F-CONTENT>$");
        if (choice & 8)
                set(filter, "addignoreregex", "ignore");
        set(filter, "addfailregex", "^<F-NOFAIL>hi</F-NOFAIL> <HOST>$");
        set(filter, "addfailregex",
                "^(?:bad <F-USER>\\S*</F-USER>|<F-ALT_USER>.*</F-ALT_USER>!)<F-ID></F-ID>?");
        set(filter, "addfailregex", "^<F-MLFFORGET>bye</F-MLFFORGET> <F-ID>\\S+</F-ID>$");
        set(filter, "addfailregex", "<SUBNET>$<SKIPLINES>^end");
        set(filter, "addfailregex", "^<F-ID/>\\s<F-TUPLE_ID>.</F-TUPLE_ID>");
        return filter;
}

static void run(struct filter *filter, struct slice text, struct arena *arena) {
        const struct filter_failure *failures = NULL;
        const struct filter_line line = {.text = text, .in_operation = true};
        struct fault fault = FAULT_INIT;
        int count = filter_line(filter, &line, arena, &failures, &fault);
        FUZZ_REQUIRE(count <= FILTER_RESULTS_MAX);
        for (int i = 0; i < count; i++)
                FUZZ_REQUIRE(fields_coded_size(&failures[i].fields) > 0 && failures[i].regex < 5);
        fault_done(&fault);
}

/* Lines reach a filter as valid UTF-8: anything else becomes ASCII here. */
static void sanitise(char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                text[i] &= 0x7f;
}

static void put(void *user, struct slice key, struct slice blob) {
        filter_load(user, key, blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct arena arena = ARENA_INIT;
        if (size < 2)
                return 0;
        clock_fix(&now, INT64_C(1786702400000000));
        struct filter *filter = make(data[0]);
        struct slice rest = arena_copy(&arena, (struct slice){(const char *)data + 1, size - 1});
        struct slice piece;
        if (data[0] & 16) {
                if (slice_next_piece(&rest, '\n', &piece))
                        filter_load(filter, piece, rest);
                run(filter, SLICE("c1: hi 1.2.3.4"), &arena);
                run(filter, SLICE("c1: bad root"), &arena);
        } else {
                char *text = arena_alloc(&arena, size);
                memcpy(text, data + 1, size - 1);
                sanitise(text, size - 1);
                rest = (struct slice){text, size - 1};
                while (slice_next_piece(&rest, '\n', &piece))
                        run(filter, piece, &arena);
                struct filter *other = make(data[0]);
                filter_save(filter, put, other);
                run(other, SLICE("c1: bad root"), &arena);
                (void)filter_free(other);
        }
        (void)filter_free(filter);
        arena_done(&arena);
        return 0;
}
