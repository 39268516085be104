/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads one log file, given as an fd, in chunks of whole lines; notices when the file was cut or exchanged in place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define INPUT_CHUNK ((size_t)256 << 10)    /* bytes read at once */
#define INPUT_LINE_MAX ((size_t)1 << 20)   /* bytes of a line; what is beyond is not looked at */
#define INPUT_HEAD 64                      /* first bytes that are remembered and compared */
#define INPUT_HASH_LEN 40

struct input_file {
        int fd; /* owned; -1: none */
        uint32_t generation;
        uint64_t position;    /* of the first line not yet taken */
        uint64_t searched;    /* >= position: there is no line end between */
        bool after_line;      /* the byte before position was read as a line end */
        unsigned char head[INPUT_HEAD];
        size_t head_len;
        char hash[INPUT_HASH_LEN + 1]; /* "" until the first line is complete */
        bool hash_known;
};

/* Memory that reads share: one a process. */
struct input_buffer {
        char *bytes;
        size_t capacity;
};

struct input_chunk {
        struct slice lines;  /* whole lines, each with its end; valid until the next read with the same buffer */
        uint64_t start;      /* offset of lines */
        uint64_t end;        /* where the next chunk starts; more than start + lines.len only after a line that was cut */
        bool cut;            /* lines is the beginning of one line longer than INPUT_LINE_MAX */
};

enum input_result {
        INPUT_LINES,   /* there are lines (or, if empty, only the search for an end has gone on): read again */
        INPUT_LAST,    /* lines, and nothing but an unfinished line is left behind them */
        INPUT_END,     /* nothing new */
        INPUT_CHANGED, /* the file was cut below position, or begins with other bytes than before */
};

/* Takes over fd. */
void input_file_init(struct input_file *file, int fd, uint32_t generation, uint64_t position);
void input_file_done(struct input_file *file);
/* Begins again at 0, with the next generation, after INPUT_CHANGED. */
void input_file_restart(struct input_file *file, uint32_t generation);

/* Reads lines from position on. Returns an enum input_result, or negative errno if the file cannot be read. Memory stays within
 * INPUT_LINE_MAX + INPUT_CHUNK however long a line is. */
int input_file_read(struct input_file *file, struct input_buffer *buffer, struct input_chunk *ret);
/* The lines up to end have been dealt with. */
void input_file_take(struct input_file *file, uint64_t end);
/* Whether the file is shorter than position or begins differently. */
bool input_file_has_changed(struct input_file *file);
/* SHA-1 in hex of the first line with its end, or empty while that is incomplete (or longer than INPUT_LINE_MAX). */
struct slice input_file_hash(struct input_file *file);
/* Bytes in the file; 0 if that cannot be told. */
uint64_t input_file_size(const struct input_file *file);

void input_buffer_done(struct input_buffer *buffer);
