/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforce/scan_send.h"

#include "scan_fixture.h"

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
#define VERSION TEXT_OF(CHANNEL_VERSION)

/* What came at the scanner's end: the types, by their names, and whether they had a file. */
static char came[2048];

static void on_message(void *user, struct message *message) {
        struct message_reader in = message_reader_of(message->body);
        size_t used = strlen(came);
        (void)user;
        (void)snprintf(came + used, sizeof(came) - used, "%s%s(%u) ",
                message_info((uint32_t)message->type)->name, message->fds[0] >= 0 ? "+fd" : "",
                (unsigned)message_get_u32(&in));
}

static void on_close(void *user, const struct fault *fault) {
        (void)user;
        fail_msg("channel closed: %s", fault_text(fault));
}

struct link {
        struct channel *server, *scanner;
};

static const struct channel_ops channel_ops = {.on_message = on_message, .on_close = on_close};

static struct link link_new(struct fixture *f) {
        int fds[2];
        assert_int_equal(channel_pair(fds), 0);
        came[0] = '\0';
        return (struct link){
                channel_new(f->loop, fds[0], CHANNEL_SERVER, CHANNEL_SCANNER, &channel_ops, f),
                channel_new(f->loop, fds[1], CHANNEL_SCANNER, CHANNEL_SERVER, &channel_ops, f)};
}

static void assert_came(struct fixture *f, const char *wanted) {
        for (int i = 0; i < 20; i++)
                assert_int_equal(loop_step(f->loop, 1000), 0);
        assert_string_equal(came, wanted);
        came[0] = '\0';
}

static void link_free(struct link *link) {
        (void)channel_free(link->server);
        (void)channel_free(link->scanner);
}

static void the_whole_plan_is_told_in_order(void **state) {
        struct fixture *f = *state;
        struct link link = link_new(f);
        plan_jail_keep_option(f->jail, SLICE("usedns"), SLICE("x"));
        plan_jail_keep_state(f->jail, SLICE("key"), SLICE("blob"));
        f->jail->started = true;
        f->log->started = true;
        f->log->begun = true;
        assert_int_equal(plan_log_push(f->log, f->log->files[0].file), 0);
        scan_send_hello(link.server, log_watch_notify_fd(f->watch), 20);
        scan_send_jails(link.server, &f->plan);
        scan_send_progress(link.server, &f->plan);
        assert_came(f,
                "SCAN_HELLO+fd(" VERSION ") SCAN_JAIL_ADD(1) SCAN_JAIL_SET(0) SCAN_STATE_PUT(1) "
                "SCAN_LOG_ADD+fd(1) SCAN_LOG_WATCH(1) "
                "SCAN_LOG_ATTACH(1) SCAN_LOG_ROTATE+fd(1) SCAN_LOG_WATCH(1) SCAN_LOG_START(1) ");
        link_free(&link);
}

static void single_orders_have_the_logs_number(void **state) {
        struct fixture *f = *state;
        struct link link = link_new(f);
        scan_send_attach(link.server, f->log, f->jail);
        scan_send_log_order(link.server, MESSAGE_SCAN_LOG_STOP, f->log);
        scan_send_detach(link.server, f->log, f->jail);
        scan_send_log_order(link.server, MESSAGE_SCAN_LOG_DEL, f->log);
        scan_send_jail_del(link.server, 1);
        assert_came(f, "SCAN_LOG_ATTACH(1) SCAN_LOG_STOP(1) SCAN_LOG_DETACH(1) SCAN_LOG_DEL(1) "
                       "SCAN_JAIL_DEL(1) ");
        link_free(&link);
}

static void without_a_process_nothing_is_sent(void **state) {
        struct fixture *f = *state;
        scan_send_hello(NULL, 0, 20);
        scan_send_jails(NULL, &f->plan);
        scan_send_progress(NULL, &f->plan);
        scan_send_threshold(NULL, 10);
        scan_send_log(NULL, f->log);
        scan_send_log_order(NULL, MESSAGE_SCAN_LOG_START, f->log);
}

static void a_log_without_a_file_is_not_told(void **state) {
        struct fixture *f = *state;
        struct link link = link_new(f);
        struct plan_log *absent = scan_plan_log_add(&f->plan);
        scan_send_log(link.server, absent);
        assert_came(f, "");
        link_free(&link);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                FIXTURE_CASE(the_whole_plan_is_told_in_order),
                FIXTURE_CASE(single_orders_have_the_logs_number),
                FIXTURE_CASE(without_a_process_nothing_is_sent),
                FIXTURE_CASE(a_log_without_a_file_is_not_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
