/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The closed set of opcodes. Most are rows of a table: how the argument is written, and a function.
 * A class can be named in replies only, and there naming is all that happens: a call of
 * builtins.str gives its text, a call of an exception class is kept as name and arguments, anything
 * else is refused. Sources: Python's pickletools.py (the protocol's documentation), CPython 3.11
 * for error texts. */
#include <ctype.h>
#include <errno.h>

#include "wire/pickle.h"
#include "wire/pickle_machine.h"
#include "wire/pickle_text.h"

#define CLASS_NAME_MAX 200 /* bytes of a module's name, and of a class's in it */

/* How an opcode's argument is written: fixed bytes, a length of so many bytes and that many bytes,
 * or a line. */
enum argument { NOTHING, FIXED, COUNTED, LINE, TWO_LINES };

typedef int opcode_function(struct pickle_machine *m, unsigned char code, struct slice argument);

struct opcode {
        opcode_function *function; /* NULL: no opcode of ours */
        unsigned char argument;    /* enum argument */
        unsigned char size;        /* bytes of the fixed argument or of the length */
};

static uint64_t little_endian(struct slice bytes) {
        uint64_t v = 0;
        for (size_t i = 0; i < bytes.len && i < 8; i++)
                v |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
        return v;
}

static int refuse(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)code;
        (void)argument;
        return fault_set(m->fault, -EBADMSG, "pickled classes and objects are refused");
}

static int on_proto(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)code;
        if ((unsigned char)argument.data[0] <= 5)
                return 0;
        return fault_set(m->fault, -EBADMSG, "unsupported pickle protocol: %u",
                (unsigned)(unsigned char)argument.data[0]);
}

/* Frames help a reader that reads in pieces; the whole is here. */
static int on_frame(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)code;
        return little_endian(argument) <= m->in.len
                       ? 0
                       : fault_set(m->fault, -EBADMSG, "pickle data was truncated");
}

static int on_constant(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)argument;
        switch (code) {
        case 'N':
                return pickle_machine_push(m, VALUE_OF_NONE);
        case ']':
                return pickle_machine_push(m, value_list());
        case '}':
                return pickle_machine_push(m, value_dict());
        case ')':
                return pickle_machine_push(m, value_tuple());
        case 0x8f:
                return pickle_machine_push(m, value_set());
        default:
                return pickle_machine_push(m, value_bool(code == 0x88));
        }
}

static int on_int(struct pickle_machine *m, unsigned char code, struct slice argument) {
        uint64_t v = little_endian(argument);
        return pickle_machine_push(m, value_int(code == 'J' ? (int32_t)(uint32_t)v : (int64_t)v));
}

static int on_binfloat(struct pickle_machine *m, unsigned char code, struct slice argument) {
        uint64_t bits = 0;
        double real;
        (void)code;
        for (size_t i = 0; i < 8; i++)
                bits = bits << 8 | (unsigned char)argument.data[i];
        memcpy(&real, &bits, sizeof(real));
        return pickle_machine_push(m, value_float(real));
}

static int on_text(struct pickle_machine *m, unsigned char code, struct slice argument) {
        struct value v = VALUE_OF_NONE;
        int r;
        switch (code) {
        case 'I':
                r = pickle_text_int(argument, &v, m->fault);
                break;
        case 'L':
                r = pickle_text_long(argument, &v, m->fault);
                break;
        case 'F':
                r = pickle_text_float(argument, &v, m->fault);
                break;
        case 'S':
                r = pickle_text_quoted(argument, m->arena, &v, m->fault);
                break;
        case 'V':
                r = pickle_text_escaped(argument, m->arena, &v, m->fault);
                break;
        case 'T':
        case 'U':
                r = pickle_text_old(argument, m->arena, &v, m->fault);
                break;
        case 0x8a:
        case 0x8b:
                r = pickle_text_binary_long(argument, &v, m->fault);
                break;
        default:
                r = pickle_text_utf8(argument, m->arena, &v, m->fault);
                break;
        }
        return r < 0 ? r : pickle_machine_push(m, v);
}

static int on_bytes(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)code;
        return pickle_machine_push(
                m, (struct value){.type = VALUE_BYTES, .string = arena_copy(m->arena, argument)});
}

static int on_mark(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)code;
        (void)argument;
        return pickle_machine_mark(m);
}

static int on_pop(struct pickle_machine *m, unsigned char code, struct slice argument) {
        struct pickle_entry dropped;
        size_t count = 1;
        (void)argument;
        bool at_mark = m->mark_count > 0 && m->marks[m->mark_count - 1] == m->count;
        int r = code == '1' || at_mark ? pickle_machine_unmark(m, &count) : 0;
        for (; r == 0 && count > 0; count--)
                r = pickle_machine_pop(m, &dropped);
        return r;
}

static enum value_type type_of(unsigned char code) {
        switch (code) {
        case 'l':
        case 'a':
        case 'e':
                return VALUE_LIST;
        case 'd':
        case 's':
        case 'u':
                return VALUE_DICT;
        case 0x90:
        case 0x91:
                return VALUE_SET;
        default:
                return VALUE_TUPLE;
        }
}

/* The tuple (1, exception) is what only a reply can be. */
static int on_failure(struct pickle_machine *m, size_t count) {
        const struct pickle_entry *entries = m->stack + m->count - count;
        struct pickle_entry exception;
        if (count != 2 || entries[0].v.type != VALUE_INT || entries[0].v.integer != 1)
                return refuse(m, 0, SLICE_NULL);
        int r = pickle_machine_pop(m, &exception);
        if (r == 0)
                r = pickle_machine_pop(m, &(struct pickle_entry){0});
        return r < 0 ? r : pickle_machine_push_kind(m, exception.v, PICKLE_FAILURE);
}

static int collect(struct pickle_machine *m, enum value_type type, size_t count) {
        struct pickle_entry *top;
        if (count > 0 && pickle_machine_top(m, &top) == 0 && top->kind == PICKLE_EXCEPTION &&
                type == VALUE_TUPLE)
                return on_failure(m, count);
        return pickle_machine_collect(m, type, count);
}

static int on_collect(struct pickle_machine *m, unsigned char code, struct slice argument) {
        size_t count;
        (void)argument;
        int r = pickle_machine_unmark(m, &count);
        return r < 0 ? r : collect(m, type_of(code), count);
}

static int on_tuple(struct pickle_machine *m, unsigned char code, struct slice argument) {
        size_t count = code - 0x84u;
        size_t fence = m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0;
        (void)argument;
        if (m->count - fence < count)
                return pickle_machine_collect(m, VALUE_TUPLE, count); /* tells the fault */
        return collect(m, VALUE_TUPLE, count);
}

static int on_extend(struct pickle_machine *m, unsigned char code, struct slice argument) {
        size_t count = code == 'a' ? 1 : 2;
        (void)argument;
        int r = code == 'a' || code == 's' ? 0 : pickle_machine_unmark(m, &count);
        return r < 0 ? r : pickle_machine_extend(m, type_of(code), count);
}

static int index_of(
        struct pickle_machine *m, struct slice argument, enum argument kind, uint64_t *ret) {
        struct value v;
        *ret = little_endian(argument);
        if (kind == FIXED)
                return 0;
        int r = pickle_text_long(argument, &v, m->fault);
        if (r < 0)
                return r;
        *ret = (uint64_t)v.integer; /* a negative one is above every cap */
        return 0;
}

static int on_put(struct pickle_machine *m, unsigned char code, struct slice argument) {
        uint64_t index = m->memo_count;
        int r = code == 0x94 ? 0 : index_of(m, argument, code == 'p' ? LINE : FIXED, &index);
        return r < 0 ? r : pickle_machine_memoize(m, index);
}

static int on_get(struct pickle_machine *m, unsigned char code, struct slice argument) {
        uint64_t index;
        int r = index_of(m, argument, code == 'g' ? LINE : FIXED, &index);
        return r < 0 ? r : pickle_machine_recall(m, index);
}

static bool is_class_name(struct slice name) {
        for (size_t i = 0; i < name.len; i++)
                if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_' &&
                        name.data[i] != '.')
                        return false;
        return name.len > 0 && name.len <= CLASS_NAME_MAX;
}

static int push_class(struct pickle_machine *m, struct slice module, struct slice name) {
        if (!m->takes_classes || !is_class_name(module) || !is_class_name(name))
                return refuse(m, 0, SLICE_NULL);
        struct slice whole =
                arena_printf(m->arena, "%.*s.%.*s", SLICE_ARG(module), SLICE_ARG(name));
        return pickle_machine_push_kind(m, value_string(whole), PICKLE_CLASS);
}

/* The argument is both lines, with the newline between them. */
static int on_global(struct pickle_machine *m, unsigned char code, struct slice argument) {
        size_t at = slice_find_char(argument, '\n', 0);
        (void)code;
        return push_class(m, slice_sub(argument, 0, at), slice_sub(argument, at + 1, argument.len));
}

static int on_stack_global(struct pickle_machine *m, unsigned char code, struct slice argument) {
        struct pickle_entry name;
        struct pickle_entry module;
        if (!m->takes_classes)
                return refuse(m, code, argument);
        int r = pickle_machine_pop(m, &name);
        if (r == 0)
                r = pickle_machine_pop(m, &module);
        if (r != 0)
                return r;
        if (name.kind != PICKLE_PLAIN || name.v.type != VALUE_STRING ||
                module.kind != PICKLE_PLAIN || module.v.type != VALUE_STRING)
                return refuse(m, code, argument);
        return push_class(m, module.v.string, name.v.string);
}

static bool is_exception(struct slice name) {
        static const char *const modules[] = {
                "builtins.", "fail2ban.", "exceptions.", "__builtin__."};
        for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
                if (slice_has_prefix(name, slice_of(modules[i])))
                        return true;
        return false;
}

static int on_reduce(struct pickle_machine *m, unsigned char code, struct slice argument) {
        struct pickle_entry arguments;
        struct pickle_entry class;
        if (!m->takes_classes)
                return refuse(m, code, argument);
        int r = pickle_machine_pop(m, &arguments);
        if (r == 0)
                r = pickle_machine_pop(m, &class);
        if (r != 0)
                return r;
        if (class.kind != PICKLE_CLASS || arguments.kind != PICKLE_PLAIN ||
                arguments.v.type != VALUE_TUPLE)
                return refuse(m, code, argument);
        struct slice name = class.v.string;
        if (slice_is(name, "builtins.str") || slice_is(name, "__builtin__.str") ||
                slice_is(name, "__builtin__.unicode")) {
                const struct value *text = value_item(&arguments.v, 0);
                return text && text->type == VALUE_STRING ? pickle_machine_push(m, *text)
                                                          : refuse(m, code, argument);
        }
        if (!is_exception(name) || m->error_class.len > 0)
                return refuse(m, code, argument);
        m->error_class = name;
        arguments.v.type = VALUE_LIST;
        return pickle_machine_push_kind(m, arguments.v, PICKLE_EXCEPTION);
}

/* An exception's attributes say nothing to us. */
static int on_build(struct pickle_machine *m, unsigned char code, struct slice argument) {
        struct pickle_entry state;
        struct pickle_entry *object = NULL;
        int r = m->takes_classes ? pickle_machine_pop(m, &state) : refuse(m, code, argument);
        if (r == 0)
                r = pickle_machine_top(m, &object);
        if (r != 0)
                return r;
        return object->kind == PICKLE_EXCEPTION ? 0 : refuse(m, code, argument);
}

static int on_dup(struct pickle_machine *m, unsigned char code, struct slice argument) {
        (void)code;
        (void)argument;
        return pickle_machine_repeat(m);
}

static const struct opcode opcodes[256] = {
        [0x80] = {on_proto,        FIXED,     1},
        [0x95] = {on_frame,        FIXED,     8},
        ['N'] = {on_constant,     NOTHING,   0},
        [0x88] = {on_constant,     NOTHING,   0}, /* True */
        [0x89] = {on_constant,     NOTHING,   0}, /* False */
        [']'] = {on_constant,     NOTHING,   0},
        ['}'] = {on_constant,     NOTHING,   0},
        [')'] = {on_constant,     NOTHING,   0},
        [0x8f] = {on_constant,     NOTHING,   0}, /* EMPTY_SET */
        ['K'] = {on_int,          FIXED,     1},
        ['M'] = {on_int,          FIXED,     2},
        ['J'] = {on_int,          FIXED,     4},
        ['G'] = {on_binfloat,     FIXED,     8},
        ['I'] = {on_text,         LINE,      0},
        ['L'] = {on_text,         LINE,      0},
        ['F'] = {on_text,         LINE,      0},
        ['S'] = {on_text,         LINE,      0},
        ['V'] = {on_text,         LINE,      0},
        [0x8a] = {on_text,         COUNTED,   1}, /* LONG1 */
        [0x8b] = {on_text,         COUNTED,   4}, /* LONG4 */
        ['U'] = {on_text,         COUNTED,   1},
        ['T'] = {on_text,         COUNTED,   4},
        [0x8c] = {on_text,         COUNTED,   1}, /* SHORT_BINUNICODE */
        ['X'] = {on_text,         COUNTED,   4},
        [0x8d] = {on_text,         COUNTED,   8}, /* BINUNICODE8 */
        ['C'] = {on_bytes,        COUNTED,   1},
        ['B'] = {on_bytes,        COUNTED,   4},
        [0x8e] = {on_bytes,        COUNTED,   8}, /* BINBYTES8 */
        [0x96] = {on_bytes,        COUNTED,   8}, /* BYTEARRAY8 */
        ['('] = {on_mark,         NOTHING,   0},
        ['0'] = {on_pop,          NOTHING,   0},
        ['1'] = {on_pop,          NOTHING,   0},
        ['2'] = {on_dup,          NOTHING,   0},
        ['l'] = {on_collect,      NOTHING,   0},
        ['d'] = {on_collect,      NOTHING,   0},
        ['t'] = {on_collect,      NOTHING,   0},
        [0x91] = {on_collect,      NOTHING,   0}, /* FROZENSET */
        [0x85] = {on_tuple,        NOTHING,   0}, /* TUPLE1 */
        [0x86] = {on_tuple,        NOTHING,   0}, /* TUPLE2 */
        [0x87] = {on_tuple,        NOTHING,   0}, /* TUPLE3 */
        ['a'] = {on_extend,       NOTHING,   0},
        ['e'] = {on_extend,       NOTHING,   0},
        ['s'] = {on_extend,       NOTHING,   0},
        ['u'] = {on_extend,       NOTHING,   0},
        [0x90] = {on_extend,       NOTHING,   0}, /* ADDITEMS */
        ['p'] = {on_put,          LINE,      0},
        ['q'] = {on_put,          FIXED,     1},
        ['r'] = {on_put,          FIXED,     4},
        [0x94] = {on_put,          NOTHING,   0}, /* MEMOIZE */
        ['g'] = {on_get,          LINE,      0},
        ['h'] = {on_get,          FIXED,     1},
        ['j'] = {on_get,          FIXED,     4},
        ['c'] = {on_global,       TWO_LINES, 0},
        [0x93] = {on_stack_global, NOTHING,   0},
        ['R'] = {on_reduce,       NOTHING,   0},
        ['b'] = {on_build,        NOTHING,   0},
 /* Objects of other kinds, persistent ids, extension codes, buffers: never, whoever asks. */
        ['i'] = {refuse,          NOTHING,   0},
        ['o'] = {refuse,          NOTHING,   0},
        ['P'] = {refuse,          NOTHING,   0},
        ['Q'] = {refuse,          NOTHING,   0},
        [0x81] = {refuse,          NOTHING,   0},
        [0x82] = {refuse,          NOTHING,   0},
        [0x83] = {refuse,          NOTHING,   0},
        [0x84] = {refuse,          NOTHING,   0},
        [0x92] = {refuse,          NOTHING,   0},
        [0x97] = {refuse,          NOTHING,   0},
        [0x98] = {refuse,          NOTHING,   0},
};

static int read_bytes(struct pickle_machine *m, uint64_t size, struct slice *ret) {
        if (size > m->in.len)
                return fault_set(m->fault, -EBADMSG, "pickle data was truncated");
        *ret = slice_sub(m->in, 0, size);
        m->in = slice_sub(m->in, size, m->in.len);
        return 0;
}

static int read_line(struct pickle_machine *m, struct slice *ret) {
        size_t end = slice_find_char(m->in, '\n', 0);
        if (end == m->in.len)
                return fault_set(m->fault, -EBADMSG, "pickle data was truncated");
        *ret = slice_sub(m->in, 0, end);
        m->in = slice_sub(m->in, end + 1, m->in.len);
        return 0;
}

static int read_argument(struct pickle_machine *m, const struct opcode *opcode, struct slice *ret) {
        struct slice second;
        int r;
        switch ((enum argument)opcode->argument) {
        case FIXED:
                return read_bytes(m, opcode->size, ret);
        case COUNTED:
                r = read_bytes(m, opcode->size, ret);
                return r < 0 ? r : read_bytes(m, little_endian(*ret), ret);
        case LINE:
                return read_line(m, ret);
        case TWO_LINES:
                r = read_line(m, ret);
                if (r == 0)
                        r = read_line(m, &second);
                if (r == 0)
                        ret->len = (size_t)(second.data + second.len - ret->data);
                return r;
        case NOTHING:
                break;
        }
        *ret = SLICE_NULL;
        return 0;
}

static int bad_opcode(struct pickle_machine *m, unsigned char code) {
        if (code >= 0x20 && code < 0x7f && code != '\'')
                return fault_set(m->fault, -EBADMSG, "invalid load key, '%c'.", code);
        return fault_set(m->fault, -EBADMSG, "invalid load key, '\\x%02x'.", (unsigned)code);
}

/* Runs up to STOP; *ret is what was on top then. */
static int run(struct pickle_machine *m, struct pickle_entry *ret) {
        while (m->in.len > 0) {
                unsigned char code = (unsigned char)m->in.data[0];
                struct slice argument;
                m->in = slice_sub(m->in, 1, m->in.len);
                if (code == '.')
                        return pickle_machine_pop(m, ret);
                if (!opcodes[code].function)
                        return bad_opcode(m, code);
                int r = read_argument(m, &opcodes[code], &argument);
                if (r == 0)
                        r = opcodes[code].function(m, code, argument);
                if (r < 0)
                        return r;
        }
        return fault_set(m->fault, -EBADMSG, "Ran out of input");
}

static int decode(struct pickle_machine *m, struct pickle_entry *ret) {
        int r = run(m, ret);
        if (r == 0 && m->in.len > 0)
                r = fault_set(
                        m->fault, -EBADMSG, "pickle data is followed by %zu bytes", m->in.len);
        pickle_machine_done(m);
        return r;
}

int pickle_decode(struct slice bytes, struct arena *arena, struct value *ret, struct fault *fault) {
        struct pickle_machine m = {.in = bytes, .arena = arena, .fault = fault};
        struct pickle_entry root;
        int r = decode(&m, &root);
        if (r == 0)
                *ret = root.v;
        return r;
}

static bool is_success(const struct value *v) {
        return v->type == VALUE_TUPLE && v->list.count == 2 && v->list.items[0].type == VALUE_INT &&
               v->list.items[0].integer == 0;
}

int pickle_decode_reply(
        struct slice bytes, struct arena *arena, struct pickle_reply *ret, struct fault *fault) {
        struct pickle_machine m = {
                .in = bytes, .arena = arena, .fault = fault, .takes_classes = true};
        struct pickle_entry root;
        int r = decode(&m, &root);
        if (r < 0)
                return r;
        if (root.kind == PICKLE_FAILURE)
                *ret = (struct pickle_reply){
                        .outcome = PICKLE_ERROR, .value = root.v, .error_class = m.error_class};
        else if (root.kind != PICKLE_PLAIN)
                return refuse(&m, 0, SLICE_NULL);
        else if (is_success(&root.v))
                *ret = (struct pickle_reply){.outcome = PICKLE_OK, .value = root.v.list.items[1]};
        else
                *ret = (struct pickle_reply){.outcome = PICKLE_RAW, .value = root.v};
        return 0;
}
