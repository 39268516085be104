/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check_ports.h"

#include <netdb.h>

#include "../cmocka_include.h"
#include "findings_text.h"
#include "stream_text.h"

struct guarding {
        const char *file; /* where the action is written; NULL: there is none */
        const char *port;
        const char *protocol;
        const char *ban;
};

static void add(struct stream_text *s, const char *jail, const struct guarding *g) {
        struct stream_text numbered = *s;
        if (!g->file)
                return;
        numbered.line = 100; /* the same place for the same file */
        STREAM_ACTION(&numbered, jail, g->file, g->file, "actionban", g->ban, "port", g->port,
                "protocol", g->protocol);
        *s = numbered;
}

static void jails_collide_on_a_port(void **state) {
        (void)state;
        static const struct {
                struct guarding one[2];
                struct guarding two[2];
                const char *found;
        } rows[] = {
                {{{"ipt", "22", "tcp", "x 22"}},                                {{"nft", "22", "tcp", "y 22"}},
                 "bans on port 22 by 'nft', but jail 'one' bans there by 'ipt'"                                               },
                {{{"ipt", "22", "tcp", "x <port>"}},                            {{"nft", "20,22", "tcp", "y <port>"}},
                 "bans on port 22 by 'nft', but jail 'one' bans there by 'ipt'"                                               },
                {{{"ipt", "22", "tcp", "x 22"}},                                {{"ipt", "22", "tcp", "x 22"}},           NULL},
                {{{"ipt", "22", "tcp", "x 22"}},                                {{"nft", "23", "tcp", "y 23"}},           NULL},
                {{{"ipt", "22", "tcp", "x 22"}},                                {{"nft", "22", "udp", "y 22"}},           NULL},
                {{{"ipt", "22", "tcp", "x 22"}},                                {{"nft", "0:65535", "tcp", "y 0:65535"}}, NULL},
                {{{"ipt", "22", "tcp", "x 22"}},                                {{"mail", "22", "tcp", "y 2222 abc22"}},  NULL},
                {{{"ipt", "22", "tcp", "x 22"}, {"mail", "22", "tcp", "y 22"}},
                 {{"ipt", "22", "tcp", "x 22"}},                                                                          NULL},
                {{{"ipt", "22", "tcp", "x 22"}},
                 {{"nft", "22", "tcp", "y 22"}, {"ipt", "22", "tcp", "x 22"}},                                            NULL},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                struct stream_text s = STREAM_TEXT_INIT;
                config_tree_init(&tree);
                struct findings findings = {.arena = &tree.arena};
                for (size_t k = 0; k < 2; k++)
                        add(&s, "one", &rows[i].one[k]);
                for (size_t k = 0; k < 2; k++)
                        add(&s, "two", &rows[i].two[k]);
                check_ports(&s.stream, &findings);
                assert_int_equal(findings.count, rows[i].found ? 1 : 0);
                if (rows[i].found) {
                        assert_slice(findings.items[0].text, rows[i].found);
                        assert_slice(findings.items[0].jail, "two");
                }
                arena_done(&s.arena);
                config_tree_done(&tree);
        }
}

static void a_service_is_its_number(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        add(&s, "one", &(struct guarding){"ipt", "22", "tcp", "<port>"});
        add(&s, "two", &(struct guarding){"nft", "ssh", "tcp", "<port>"});
        check_ports(&s.stream, &findings);
        if (getservbyname("ssh", "tcp"))
                assert_int_equal(findings.count, 1);
        arena_done(&s.arena);
        config_tree_done(&tree);
}

static void more_uses_than_are_compared_do_no_harm(void **state) {
        (void)state;
        struct config_tree tree;
        struct stream_text s = STREAM_TEXT_INIT;
        config_tree_init(&tree);
        struct findings findings = {.arena = &tree.arena};
        char ports[40000] = "";
        for (unsigned i = 0; i < CHECK_PORTS_MAX + 10; i++)
                (void)snprintf(
                        ports + strlen(ports), sizeof(ports) - strlen(ports), "%u,", i + 1000);
        add(&s, "one", &(struct guarding){"ipt", ports, "tcp", "<port>"});
        add(&s, "two", &(struct guarding){"nft", "1000", "tcp", "<port>"});
        check_ports(&s.stream, &findings);
        assert_int_equal(findings.count, 0);
        arena_done(&s.arena);
        config_tree_done(&tree);
}

static void what_is_no_port_is_told(void **state) {
        (void)state;
        static const struct {
                const char *port;
                const char *fix; /* NULL: it is one */
        } rows[] = {
                {"22", NULL},
                {"ssh,http", NULL},
                {"20:22", NULL},
                {"20-22", NULL},
                {"ftp-data", NULL}, /* no range */
                {"0:65535", NULL},
                {"all", NULL},
                {"<port>", NULL},
                {"domai", "did you mean 'domain'?"},
                {"22:20", "write numbers, names of /etc/services, or FIRST:LAST"},
                {"65536", "write numbers, names of /etc/services, or FIRST:LAST"},
                {"-1", "write numbers, names of /etc/services, or FIRST:LAST"},
        };
        if (!getservbyname("domain", NULL) || !getservbyname("ssh", NULL))
                skip();
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_tree tree;
                struct stream_text s = STREAM_TEXT_INIT;
                config_tree_init(&tree);
                struct findings findings = {.arena = &tree.arena};
                add(&s, "one", &(struct guarding){"ipt", rows[i].port, "tcp", "x <port>"});
                check_ports(&s.stream, &findings);
                assert_int_equal(findings.count, rows[i].fix ? 1 : 0);
                if (rows[i].fix)
                        assert_slice(findings.items[0].fix, rows[i].fix);
                arena_done(&s.arena);
                config_tree_done(&tree);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(jails_collide_on_a_port),
                cmocka_unit_test(what_is_no_port_is_told),
                cmocka_unit_test(a_service_is_its_number),
                cmocka_unit_test(more_uses_than_are_compared_do_no_harm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
