/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A format becomes a list of pieces: literal text, then one attribute with its width, precision and
 * conversion. Upstream's own formats go the same way as the administrator's, so there is one
 * printer. The broken-down local time is kept for the second it belongs to, and all that stands
 * before the message as long as it is the same: a busy log asks for it thousands of times. Source
 * of the rules: Python's logging.Formatter and printf-style formatting. */
#include "enforce/diag_format.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/repr.h"

enum attribute {
        ATTRIBUTE_NONE, /* the piece is only literal text */
        ATTRIBUTE_ASCTIME,
        ATTRIBUTE_CREATED,
        ATTRIBUTE_FUNCTION,
        ATTRIBUTE_LEVEL_NAME,
        ATTRIBUTE_LEVEL_NUMBER,
        ATTRIBUTE_LINE,
        ATTRIBUTE_MESSAGE,
        ATTRIBUTE_MODULE,
        ATTRIBUTE_MSECS,
        ATTRIBUTE_NAME,
        ATTRIBUTE_PROCESS,
        ATTRIBUTE_PROCESS_NAME,
        ATTRIBUTE_RELATIVE,
        ATTRIBUTE_THREAD,
        ATTRIBUTE_THREAD_NAME,
};

static const struct {
        const char *name;
        enum attribute attribute;
        bool is_number;
} attributes[] = {
        {"asctime",         ATTRIBUTE_ASCTIME,      false},
        {"created",         ATTRIBUTE_CREATED,      true },
        {"filename",        ATTRIBUTE_MODULE,       false},
        {"funcName",        ATTRIBUTE_FUNCTION,     false},
        {"levelname",       ATTRIBUTE_LEVEL_NAME,   false},
        {"levelno",         ATTRIBUTE_LEVEL_NUMBER, true },
        {"lineno",          ATTRIBUTE_LINE,         true },
        {"message",         ATTRIBUTE_MESSAGE,      false},
        {"module",          ATTRIBUTE_MODULE,       false},
        {"msecs",           ATTRIBUTE_MSECS,        true },
        {"name",            ATTRIBUTE_NAME,         false},
        {"pathname",        ATTRIBUTE_MODULE,       false},
        {"process",         ATTRIBUTE_PROCESS,      true },
        {"processName",     ATTRIBUTE_PROCESS_NAME, false},
        {"relativeCreated", ATTRIBUTE_RELATIVE,     true },
        {"thread",          ATTRIBUTE_THREAD,       true },
        {"threadName",      ATTRIBUTE_THREAD_NAME,  false},
};

#define HEAD_LOGGER_MAX 32 /* longer names have their head made anew */

struct piece {
        struct slice literal; /* before the attribute */
        enum attribute attribute;
        bool left;
        bool zero;
        int width;
        int precision; /* -1: none */
        char conversion;
};

struct diag_format {
        char *text; /* literals are views of it, with "%%" already "%" */
        struct piece pieces[DIAG_FORMAT_PIECES_MAX];
        size_t count;
        int64_t second; /* the one clock_text belongs to */
        char clock_text[32];
        size_t clock_len;
        struct buffer head; /* what stood before the message in the last line ... */
        size_t head_count;  /* ... of so many pieces ... */
        bool ends_in_text; /* and behind it comes nothing but the message as it is; then its piece's
                              literal is part of the head, too */
        struct diag_record head_of;        /* ... with these values, but for text and logger ... */
        char head_logger[HEAD_LOGGER_MAX]; /* ... and this one; empty: there is no head */
};

static int refuse(struct slice text, struct fault *fault) {
        struct buffer shown = BUFFER_INIT(4096);
        (void)repr_put_text(&shown, slice_sub(text, 0, 512));
        int r = fault_raise(fault, "ValueError", "Invalid format %.*s for '%%' style",
                SLICE_ARG(buffer_view(&shown)));
        buffer_done(&shown);
        return r;
}

static bool find_attribute(struct slice name, struct piece *piece, bool *ret_is_number) {
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
                if (slice_is(name, attributes[i].name)) {
                        piece->attribute = attributes[i].attribute;
                        *ret_is_number = attributes[i].is_number;
                        return true;
                }
        return false;
}

static size_t read_size(struct slice text, size_t at, int *ret) {
        int value = 0;
        while (at < text.len && isdigit((unsigned char)text.data[at])) {
                value = value * 10 + (text.data[at] - '0');
                value = value > DIAG_FORMAT_WIDTH_MAX ? DIAG_FORMAT_WIDTH_MAX : value;
                at++;
        }
        *ret = value;
        return at;
}

/* Reads "(name)flags width.precision conversion" from at on (behind the '%'). Returns the position
 * behind it, or 0. */
static size_t read_attribute(struct slice text, size_t at, struct piece *piece) {
        bool is_number = false;
        size_t close = slice_find_char(text, ')', at);
        if (at >= text.len || text.data[at] != '(' || close == text.len)
                return 0;
        if (!find_attribute(slice_sub(text, at + 1, close), piece, &is_number))
                return 0;
        const struct slice flags = SLICE("-0 #+");
        for (at = close + 1; at < text.len && slice_find_char(flags, text.data[at], 0) < flags.len;
                at++) {
                piece->left = piece->left || text.data[at] == '-';
                piece->zero = piece->zero || text.data[at] == '0';
        }
        at = read_size(text, at, &piece->width);
        if (at < text.len && text.data[at] == '.')
                at = read_size(text, at + 1, &piece->precision);
        if (at == text.len ||
                !memchr(is_number ? "sradiuxXof" : "sra", text.data[at], is_number ? 10 : 3))
                return 0;
        piece->conversion = text.data[at];
        return at + 1;
}

static int compile(struct diag_format *format, struct slice text) {
        char *to = format->text;
        size_t at = 0;
        bool has_attribute = false;
        while (at < text.len) {
                if (format->count == DIAG_FORMAT_PIECES_MAX)
                        return -EINVAL;
                struct piece *piece = &format->pieces[format->count++];
                *piece = (struct piece){.precision = -1};
                char *begin = to;
                while (at < text.len &&
                        (text.data[at] != '%' || (at + 1 < text.len && text.data[at + 1] == '%'))) {
                        at += text.data[at] == '%';
                        *to++ = text.data[at++];
                }
                piece->literal = (struct slice){begin, (size_t)(to - begin)};
                if (at == text.len)
                        break;
                at = read_attribute(text, at + 1, piece);
                if (at == 0)
                        return -EINVAL;
                has_attribute = true;
        }
        return has_attribute ? 0 : -EINVAL;
}

/* Which pieces are the head. */
static void find_head(struct diag_format *format) {
        const struct piece *at = format->pieces, *end = at + format->count;
        while (at < end && at->attribute != ATTRIBUTE_MESSAGE)
                at++;
        format->head_count = (size_t)(at - format->pieces);
        format->ends_in_text =
                at + 1 == end && at->conversion == 's' && at->width == 0 && at->precision < 0;
}

struct diag_format *diag_format_new(struct slice text, struct fault *fault) {
        struct diag_format *format = memory_new(sizeof(*format));
        format->text = memory_new(text.len + 1);
        format->second = INT64_MIN;
        format->head = BUFFER_INIT((size_t)1 << 20);
        if (compile(format, text) == 0) {
                find_head(format);
                return format;
        }
        (void)refuse(text, fault);
        return diag_format_free(format);
}

struct diag_format *diag_format_free(struct diag_format *format) {
        if (!format)
                return NULL;
        buffer_done(&format->head);
        free(format->text);
        free(format);
        return NULL;
}

/* Padding is what stands between ')' and 's'. */
static void drop_padding(struct diag_format *format) {
        for (size_t i = 0; i < format->count; i++)
                if (format->pieces[i].conversion == 's') {
                        format->pieces[i].width = 0;
                        format->pieces[i].precision = -1;
                }
        find_head(format);
}

struct diag_format *diag_format_standard(unsigned verbosity, unsigned flags) {
        static const struct {
                const char *timed;
                const char *plain;
        } standard[] = {
                {"%(asctime)s %(name)-24s[%(process)d]: %(levelname)-7s %(message)s",
                 "%(name)-24s[%(process)d]: %(levelname)-7s %(message)s"                                    },
                {" %(asctime)-15s %(thread)X %(levelname)-5.5s %(message)s",
                 " %(thread)X %(levelname)-5.5s %(message)s"                                                },
                {" +%(relativeCreated)5d %(thread)X %(name)-25.25s %(levelname)-5.5s %(message)s",
                 NULL                                                                                       },
                {" +%(relativeCreated)5d %(thread)X %(name)-25.25s %(levelname)-5.5s"
                 " | %(module)15.15s-%(levelno)-2d: %(funcName)-20.20s | %(message)s", NULL},
        };
        size_t row = verbosity < 2 ? 0 : verbosity > 4 ? 3 : verbosity - 1;
        const char *plain = standard[row].plain;
        const char *text = plain && !(flags & DIAG_FORMAT_TIME) ? plain : standard[row].timed;
        struct diag_format *format = diag_format_new(slice_of(text), NULL);
        if (!(flags & DIAG_FORMAT_PADDING))
                drop_padding(format);
        return format;
}

static struct slice time_text(struct diag_format *format, int64_t wall_us) {
        int64_t second = wall_us / 1000000 - (wall_us % 1000000 < 0);
        int ms = (int)((wall_us - second * 1000000) / 1000);
        if (second != format->second) {
                struct tm local;
                time_t t = (time_t)second;
                if (!localtime_r(&t, &local))
                        memset(&local, 0, sizeof(local));
                format->clock_len = strftime(format->clock_text, 20, "%Y-%m-%d %H:%M:%S", &local);
                format->second = second;
        }
        char *end = format->clock_text + format->clock_len;
        end[0] = ',';
        end[1] = (char)('0' + ms / 100);
        end[2] = (char)('0' + ms / 10 % 10);
        end[3] = (char)('0' + ms % 10);
        return (struct slice){format->clock_text, format->clock_len + 4};
}

/* "filter" of "fail2ban.filter": upstream's loggers are named after their modules. */
static struct slice module_of(const char *logger) {
        const char *dot = strrchr(logger, '.');
        return slice_of(dot ? dot + 1 : logger);
}

static struct slice text_of(
        struct diag_format *format, const struct diag_record *record, enum attribute attribute) {
        switch (attribute) {
        case ATTRIBUTE_ASCTIME:
                return time_text(format, record->wall_us);
        case ATTRIBUTE_LEVEL_NAME:
                return slice_of(diag_level_name((int)record->level));
        case ATTRIBUTE_MESSAGE:
                return record->text;
        case ATTRIBUTE_MODULE:
                return module_of(record->logger);
        case ATTRIBUTE_NAME:
                return slice_of(record->logger);
        case ATTRIBUTE_PROCESS_NAME:
                return SLICE("MainProcess");
        case ATTRIBUTE_THREAD_NAME:
                return SLICE("MainThread");
        case ATTRIBUTE_FUNCTION:
        case ATTRIBUTE_NONE:
        case ATTRIBUTE_CREATED:
        case ATTRIBUTE_LEVEL_NUMBER:
        case ATTRIBUTE_LINE:
        case ATTRIBUTE_MSECS:
        case ATTRIBUTE_PROCESS:
        case ATTRIBUTE_RELATIVE:
        case ATTRIBUTE_THREAD:
                break;
        }
        return SLICE("-");
}

static double number_of(const struct diag_record *record, enum attribute attribute) {
        int64_t ms = (int64_t)(record->wall_us % 1000000 / 1000);
        switch (attribute) {
        case ATTRIBUTE_CREATED:
                return (double)record->wall_us / 1e6;
        case ATTRIBUTE_LEVEL_NUMBER:
                return (double)record->level;
        case ATTRIBUTE_MSECS:
                return (double)ms;
        case ATTRIBUTE_PROCESS:
                return (double)record->pid;
        case ATTRIBUTE_RELATIVE:
                return (double)record->relative_ms;
        case ATTRIBUTE_THREAD:
                return (double)(uintptr_t)
                        pthread_self(); /* below 2^53 on every architecture we know */
        case ATTRIBUTE_ASCTIME:
        case ATTRIBUTE_FUNCTION:
        case ATTRIBUTE_LEVEL_NAME:
        case ATTRIBUTE_LINE:
        case ATTRIBUTE_MESSAGE:
        case ATTRIBUTE_MODULE:
        case ATTRIBUTE_NAME:
        case ATTRIBUTE_NONE:
        case ATTRIBUTE_PROCESS_NAME:
        case ATTRIBUTE_THREAD_NAME:
                break;
        }
        return 0;
}

static bool is_number(enum attribute attribute) {
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
                if (attributes[i].attribute == attribute)
                        return attributes[i].is_number;
        return false;
}

static struct slice print_number(
        const struct piece *piece, const struct diag_record *record, char buffer[static 64]) {
        double number = number_of(record, piece->attribute);
        bool fraction = piece->attribute == ATTRIBUTE_CREATED ||
                        piece->attribute == ATTRIBUTE_MSECS ||
                        piece->attribute == ATTRIBUTE_RELATIVE;
        bool is_text =
                piece->conversion == 's' || piece->conversion == 'r' || piece->conversion == 'a';
        int64_t whole = (int64_t)number;
        int len = 0;
        if (piece->conversion == 'f')
                len = snprintf(buffer, 64, "%.*f", piece->precision < 0 ? 6 : piece->precision % 30,
                        number);
        else if (piece->conversion == 'x')
                len = snprintf(buffer, 64, "%" PRIx64, (uint64_t)whole);
        else if (piece->conversion == 'X')
                len = snprintf(buffer, 64, "%" PRIX64, (uint64_t)whole);
        else if (piece->conversion == 'o')
                len = snprintf(buffer, 64, "%" PRIo64, (uint64_t)whole);
        else if (fraction && is_text)
                len = snprintf(
                        buffer, 64, "%.*f", piece->attribute == ATTRIBUTE_CREATED ? 6 : 1, number);
        else
                len = snprintf(buffer, 64, "%" PRId64, whole);
        return (struct slice){buffer, (size_t)len};
}

/* Widths and precisions count characters, not bytes. */
static size_t characters(struct slice s) {
        size_t count = 0;
        for (size_t i = 0; i < s.len; i++)
                count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
        return count;
}

static struct slice cut(struct slice s, size_t max) {
        size_t count = 0;
        for (size_t i = 0; i < s.len; i++) {
                count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
                if (count > max)
                        return slice_sub(s, 0, i);
        }
        return s;
}

static int put_padded(struct buffer *out, const struct piece *piece, struct slice s, char fill) {
        size_t have = piece->width ? characters(s) : 0;
        size_t missing = (size_t)piece->width > have ? (size_t)piece->width - have : 0;
        char *room = buffer_room(out, s.len + missing + 1);
        if (!room)
                return -ENOBUFS;
        size_t before = piece->left ? 0 : missing;
        memset(room, fill, before);
        if (s.len)
                memcpy(room + before, s.data, s.len);
        memset(room + before + s.len, ' ', missing - before);
        buffer_commit(out, s.len + missing);
        return 0;
}

static int put_piece(struct diag_format *format, const struct piece *piece,
        const struct diag_record *record, struct buffer *out) {
        char number[64];
        int r = buffer_append(out, piece->literal);
        if (r < 0 || piece->attribute == ATTRIBUTE_NONE)
                return r;
        bool numeric = is_number(piece->attribute);
        struct slice s = numeric ? print_number(piece, record, number)
                                 : text_of(format, record, piece->attribute);
        if (numeric)
                return put_padded(out, piece, s, piece->zero && !piece->left ? '0' : ' ');
        if (piece->precision >= 0)
                s = cut(s, (size_t)piece->precision);
        if (piece->conversion == 's')
                return put_padded(out, piece, s, ' ');
        return repr_put_text(out, s);
}

static int put_pieces(struct diag_format *format, size_t from, size_t to,
        const struct diag_record *record, struct buffer *out) {
        int r = 0;
        for (size_t i = from; i < to && r == 0; i++)
                r = put_piece(format, &format->pieces[i], record, out);
        return r;
}

static bool head_is_of(const struct diag_format *format, const struct diag_record *record) {
        const struct diag_record *head = &format->head_of;
        return format->head_logger[0] && head->wall_us == record->wall_us &&
               head->relative_ms == record->relative_ms && head->pid == record->pid &&
               head->level == record->level && strcmp(format->head_logger, record->logger) == 0;
}

/* Makes the head, if the last one is of another moment, level or logger: messages of one batch
 * often have the same. */
static int keep_head(struct diag_format *format, const struct diag_record *record) {
        if (head_is_of(format, record))
                return 0;
        size_t logger_len = strlen(record->logger);
        format->head_logger[0] = 0; /* none */
        buffer_clear(&format->head);
        int r = put_pieces(format, 0, format->head_count, record, &format->head);
        if (r == 0 && format->ends_in_text)
                r = buffer_append(&format->head, format->pieces[format->head_count].literal);
        if (r < 0 || logger_len >= sizeof(format->head_logger))
                return r;
        format->head_of = *record;
        memcpy(format->head_logger, record->logger, logger_len + 1);
        return 0;
}

static int put_head_and_text(struct buffer *out, struct slice head, struct slice text) {
        char *room = buffer_room(out, head.len + text.len);
        if (!room)
                return -ENOBUFS;
        memcpy(room, head.data, head.len);
        if (text.len > 0)
                memcpy(room + head.len, text.data, text.len);
        buffer_commit(out, head.len + text.len);
        return 0;
}

bool diag_format_head(
        struct diag_format *format, const struct diag_record *record, struct slice *ret) {
        if (!format->ends_in_text || keep_head(format, record) < 0)
                return false;
        *ret = buffer_view(&format->head);
        return true;
}

int diag_format_put(
        struct diag_format *format, const struct diag_record *record, struct buffer *out) {
        int r = keep_head(format, record);
        struct slice head = buffer_view(&format->head);
        if (r == 0 && format->ends_in_text)
                return put_head_and_text(out, head, record->text);
        if (r == 0)
                r = buffer_append(out, head);
        return r < 0 ? r : put_pieces(format, format->head_count, format->count, record, out);
}
