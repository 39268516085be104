/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/failure_id.h"

#include <errno.h>

#include "../cmocka_include.h"
#include "base/repr.h"

struct row {
        const char *group;
        const char *value;
        const char *cidr;
        enum failure_names names;
        enum failure_id_kind kind;
        const char *text;
};

static struct arena arena;

static void put(struct fields *data, const char *name, const char *text) {
        unsigned number = (unsigned)field_name_of(slice_of(name));
        fields_put(data, field_text(number, slice_of(text)), &arena);
}

static void ids_have_fail2bans_form(void **state) {
        static const struct row rows[] = {
                {"ip4",  "1.2.3.4",              NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.4"      },
                {"ip4",  "1.2.3.4",              NULL,                   FAILURE_NAMES_RAW,     FAILURE_ID_PLAIN,   "1.2.3.4"      },
                {"ip4",  "1.2.3.999",            NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.999"    },
                {"ip4",  "01.2.3.4",             NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "01.2.3.4"     },
                {"ip4",  "1.2.3.4",              "24",                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.0/24"   },
                {"ip4",  "1.2.3.4",              "٢٤",                 FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.0/24"   },
                {"ip4",  "1.2.3.4",              "",                     FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.4"      },
                {"ip4",  "1.2.3.4",              "99999999999999999999", FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,
                 "1.2.3.4"                                                                                                         },
                {"ip4",  "1.2.3.4/24",           NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.4/24"   },
                {"ip4",  "::1",                  NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "::1"          },
                {"ip6",  "2001:DB8::1",          NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,
                 "2001:db8::1"                                                                                                     },
                {"ip6",  "::ffff:1.2.3.4",       NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.4"      },
                {"ip6",  "::ffff:1.2.3.4",       "120",                  FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,
                 "::ffff:1.2.3.0/120"                                                                                              },
                {"ip6",  "1.2.3.4",              NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1.2.3.4"      },
                {"ip6",  "1::2::3",              NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,   "1::2::3"      },
                {"dns",  "host.example",         NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_NAME,
                 "host.example"                                                                                                    },
                {"dns",  "host.example",         NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_REFUSED,
                 "host.example"                                                                                                    },
                {"dns",  "host.example",         NULL,                   FAILURE_NAMES_RAW,     FAILURE_ID_RAW,     "host.example" },
                {"dns",  "1.2.3.4",              NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "1.2.3.4"      },
                {"dns",  "[2001:DB8::1]",        NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,
                 "2001:db8::1"                                                                                                     },
                {"dns",  "1.2.3.999",            NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_NAME,    "1.2.3.999"    },
                {"fid",  "[2001:db8::1]",        NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_PLAIN,
                 "2001:db8::1"                                                                                                     },
                {"fid",  "[2001:db8::1]",        NULL,                   FAILURE_NAMES_RAW,     FAILURE_ID_RAW,     "[2001:db8::1]"},
                {"fid",  "10.1.2.3/8",           NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "10.0.0.0/8"   },
                {"fid",  "10.1.2.3/255.255.0.0", NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,
                 "10.1.0.0/16"                                                                                                     },
                {"fid",  "1.2.3.4/٢٤",         NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "1.2.3.0/24"   },
                {"fid",  "1.2.3.999/24",         NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "1.2.3.999"    },
                {"fid",  "1.2.3.4/abc",          NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "1.2.3.4/abc"  },
                {"fid",  "2001:db8::1/ffff:::1", NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "::"           },
                {"fid",  "[user]",               NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "user"         },
                {"fid",  "[[1.2.3.4]]",          NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "[1.2.3.4]"    },
                {"fid",  "[]",                   NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   "[]"           },
                {"fid",  "",                     NULL,                   FAILURE_NAMES_REFUSE,  FAILURE_ID_PLAIN,   ""             },
                {"user", "root",                 NULL,                   FAILURE_NAMES_RESOLVE, FAILURE_ID_ABSENT,  ""             },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fields data = FIELDS_EMPTY;
                struct failure_id id;
                put(&data, rows[i].group, rows[i].value);
                if (rows[i].cidr)
                        put(&data, "cidr", rows[i].cidr);
                assert_int_equal(failure_id_find(&data, rows[i].names, &arena, &id, NULL), 0);
                assert_int_equal(id.kind, rows[i].kind);
                assert_slice(id.text, rows[i].text);
                assert_null(fields_get(&data, FIELD_IP));
        }
}

static void own_id_stands_above_the_address(void **state) {
        static const struct {
                const char *fid;
                const char *group;
                const char *address;
                enum failure_names names;
                const char *id;
                const char *ip;
        } rows[] = {
                {"root",          "ip4", "1.2.3.4",     FAILURE_NAMES_RESOLVE, "root",        "1.2.3.4"},
                {"1.2.3.4",       "ip4", "1.2.3.4",     FAILURE_NAMES_RESOLVE, "1.2.3.4",     NULL     },
                {"[2001:db8::1]", "ip6", "2001:db8::1", FAILURE_NAMES_RESOLVE, "2001:db8::1",
                 "2001:db8::1"                                                                         },
                {"root",          "dns", "host",        FAILURE_NAMES_RAW,     "root",        "host"   },
                {"host",          "dns", "host",        FAILURE_NAMES_RAW,     "host",        NULL     },
                {"root",          "dns", "host",        FAILURE_NAMES_RESOLVE, "host",        NULL     },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fields data = FIELDS_EMPTY;
                struct failure_id id;
                put(&data, "fid", rows[i].fid);
                put(&data, rows[i].group, rows[i].address);
                assert_int_equal(failure_id_find(&data, rows[i].names, &arena, &id, NULL), 0);
                assert_slice(id.text, rows[i].id);
                const struct field *ip = fields_get(&data, FIELD_IP);
                assert_int_equal(ip != NULL, rows[i].ip != NULL);
                if (ip)
                        assert_slice(field_slice(ip), rows[i].ip);
        }
}

static void tuple_is_raw(void **state) {
        struct fields data = FIELDS_EMPTY;
        struct value tuple = value_tuple();
        struct failure_id id;
        (void)state;
        (void)value_append(&tuple, value_text("1.2.3.4"), &arena);
        (void)value_append(&tuple, value_text("x"), &arena);
        fields_put_value(&data, FIELD_FID, &tuple, &arena);
        assert_int_equal(failure_id_find(&data, FAILURE_NAMES_RESOLVE, &arena, &id, NULL), 0);
        assert_int_equal(id.kind, FAILURE_ID_RAW);
        assert_slice(id.text, "('1.2.3.4', 'x')");
}

static void exceptions_have_pythons_words(void **state) {
        static const struct {
                const char *group;
                const char *value;
                const char *cidr;
                const char *text;
        } rows[] = {
                {"fid", "10.1.2.3/255.0.255.0", NULL,
                 "invalid mask '255.0.255.0', no plen representation"                                                      },
                {"ip4", "1.2.3.4",              "x'y",                    "invalid literal for int() with base 10: \"x'y\""},
                {"ip6", "::1",                  "99999999999999999999:1",
                 "invalid literal for int() with base 10: '99999999999999999999:1'"                                        },
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct fields data = FIELDS_EMPTY;
                struct failure_id id;
                struct fault fault = FAULT_INIT;
                put(&data, rows[i].group, rows[i].value);
                if (rows[i].cidr)
                        put(&data, "cidr", rows[i].cidr);
                assert_int_equal(failure_id_find(&data, FAILURE_NAMES_RESOLVE, &arena, &id, &fault),
                        -EINVAL);
                assert_string_equal(fault.kind, "ValueError");
                assert_string_equal(fault_text(&fault), rows[i].text);
                fault_done(&fault);
        }
}

static int done(void **state) {
        (void)state;
        arena_done(&arena);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ids_have_fail2bans_form),
                cmocka_unit_test(own_id_stands_above_the_address),
                cmocka_unit_test(tuple_is_raw),
                cmocka_unit_test(exceptions_have_pythons_words),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
