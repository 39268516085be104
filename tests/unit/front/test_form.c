/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "front/form.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "base/repr.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

static void the_first_byte_tells_the_form(void **state) {
        (void)state;
        assert_int_equal(form_of(SLICE("[\"ping\"]")), FORM_JSON);
        assert_int_equal(form_of(SLICE("{\"command\":[]}")), FORM_JSON);
        assert_int_equal(form_of(SLICE("]q\0.")), FORM_PICKLE);
        assert_int_equal(form_of(SLICE("\x80\x04.")), FORM_PICKLE);
        assert_int_equal(form_of(SLICE("")), FORM_PICKLE);
}

static void requests_are_lists_in_both_forms(void **state) {
        (void)state;
        const struct {
                enum form form;
                struct slice frame;
                const char *repr; /* NULL: refused */
        } rows[] = {
                {FORM_PICKLE, SLICE("(Vping\nl."),                       "['ping']"   },
                {FORM_PICKLE, SLICE("cos\nsystem\n."),                   NULL         },
                {FORM_JSON,   SLICE("[\"ping\"]"),                       "['ping']"   },
                {FORM_JSON,   SLICE("{\"command\":[\"ping\",1]}"),       "['ping', 1]"},
                {FORM_JSON,   SLICE("{\"command\":\"ping\"}"),           NULL         },
                {FORM_JSON,   SLICE("{\"command\":[\"ping\"],\"x\":1}"), NULL         },
                {FORM_JSON,   SLICE("{}"),                               NULL         },
                {FORM_JSON,   SLICE("[\"ping\""),                        NULL         },
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct arena arena = ARENA_INIT;
                struct fault fault = FAULT_INIT;
                struct value v;
                int r = form_decode(rows[i].form, rows[i].frame, &arena, &v, &fault);
                if (rows[i].repr) {
                        assert_int_equal(r, 0);
                        assert_slice(repr(&v, &arena), rows[i].repr);
                } else {
                        assert_int_equal(r, -EBADMSG);
                        assert_non_null(fault.text);
                }
                fault_done(&fault);
                arena_done(&arena);
        }
}

/* The messages are str() of CPython's exceptions. */
static void errors_in_json_read_as_in_python(void **state) {
        (void)state;
        struct value file[] = {value_int(2), value_text("No such file"), value_text("/x'")};
        struct value two[] = {value_text("a"), value_int(1)};
        struct value one[] = {value_text("it's")};
        const struct {
                struct slice class;
                struct value *arguments;
                size_t count;
                const char *json;
        } rows[] = {
                {SLICE("builtins.ValueError"),        one,  1, "it's"                  },
                {SLICE("builtins.KeyError"),          one,  1, "\\\"it's\\\""          },
                {SLICE("builtins.ValueError"),        NULL, 0, ""                      },
                {SLICE("builtins.FileNotFoundError"), file, 3,
                 "[Errno 2] No such file: \\\"/x'\\\""                                 },
                {SLICE("builtins.OSError"),           file, 2, "[Errno 2] No such file"},
                {SLICE("builtins.Exception"),         two,  2, "('a', 1)"              },
        };
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct arena arena = ARENA_INIT;
                struct buffer out = BUFFER_INIT(1000);
                struct pickle_reply reply = {.outcome = PICKLE_ERROR,
                        .value = value_list(),
                        .error_class = rows[i].class};
                reply.value.list.items = rows[i].arguments;
                reply.value.list.count = rows[i].count;
                assert_int_equal(form_encode(FORM_JSON, &out, &reply), 0);
                struct slice wanted = arena_printf(&arena,
                        "{\"ok\":false,\"error\":{\"type\":\"%.*s\",\"message\":\"%s\"}}",
                        SLICE_ARG(rows[i].class), rows[i].json);
                assert_slice(buffer_view(&out), arena_copy(&arena, wanted).data);
                buffer_done(&out);
                arena_done(&arena);
        }
}

static void a_bare_value_is_no_success_in_json(void **state) {
        (void)state;
        struct value shutdown[] = {value_text("SHUTDOWN")};
        struct pickle_reply reply = {.outcome = PICKLE_RAW, .value = value_text("ERROR: x")};
        struct buffer out = BUFFER_INIT(1000);
        assert_int_equal(form_encode(FORM_JSON, &out, &reply), 0);
        assert_slice(buffer_view(&out),
                "{\"ok\":false,\"error\":{\"type\":\"ProtocolError\",\"message\":\"ERROR: x\"}}");
        buffer_clear(&out);
        reply.value = value_list();
        reply.value.list.items = shutdown;
        reply.value.list.count = 1;
        assert_int_equal(form_encode(FORM_JSON, &out, &reply), 0);
        assert_slice(buffer_view(&out), "{\"ok\":false,\"error\":{\"type\":\"Shutdown\","
                                        "\"message\":\"the server shuts down\"}}");
        buffer_clear(&out);
        reply = (struct pickle_reply){.outcome = PICKLE_OK, .value = VALUE_OF_NONE};
        assert_int_equal(form_encode(FORM_JSON, &out, &reply), 0);
        assert_slice(buffer_view(&out), "{\"ok\":true,\"result\":null}");
        buffer_done(&out);
}

static void a_full_buffer_is_told(void **state) {
        (void)state;
        const struct pickle_reply reply = {.outcome = PICKLE_OK, .value = value_text("a text")};
        for (int form = FORM_PICKLE; form <= FORM_JSON; form++) {
                struct buffer out = BUFFER_INIT(10);
                assert_int_equal(form_encode((enum form)form, &out, &reply), -ENOBUFS);
                buffer_done(&out);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_byte_tells_the_form),
                cmocka_unit_test(requests_are_lists_in_both_forms),
                cmocka_unit_test(errors_in_json_read_as_in_python),
                cmocka_unit_test(a_bare_value_is_no_success_in_json),
                cmocka_unit_test(a_full_buffer_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
