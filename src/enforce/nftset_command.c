/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words behind the program are put together and parted again at blanks, so that it does not
 * matter how they were quoted; nft does the same. The parts of a command that adds and deletes have
 * to be of the same element: then it is gone, or renewed, whether it was there or not. */
#include "enforce/nftset_command.h"

#include <linux/netfilter.h>
#include <string.h>

#define WORDS_MAX 40
#define TEXT_MAX 2048
#define TIMEOUT_MAX_S 31536000000 /* a thousand years */

static bool parse_family(const char *word, uint8_t *ret) {
        static const struct {
                const char *word;
                uint8_t family;
        } rows[] = {
                {"inet",   NFPROTO_INET  },
                {"ip",     NFPROTO_IPV4  },
                {"ip6",    NFPROTO_IPV6  },
                {"bridge", NFPROTO_BRIDGE},
                {"netdev", NFPROTO_NETDEV}
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (strcmp(word, rows[i].word) == 0) {
                        *ret = rows[i].family;
                        return true;
                }
        return false;
}

static bool take_name(const char *word, char ret[static NFTSET_NAME_MAX + 1]) {
        size_t len = strlen(word);
        if (len == 0 || len > NFTSET_NAME_MAX ||
                !((*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z') || *word == '_'))
                return false;
        for (size_t i = 0; i < len; i++) {
                char c = word[i];
                bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '_' || c == '-';
                if (!is_plain)
                        return false;
        }
        memcpy(ret, word, len + 1);
        return true;
}

bool nftset_command_is_of_system(const char *name, const char *program) {
        static const char *const folders[] = {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"};
        char path[PATH_MAX];
        const char *base = strrchr(name, '/');
        if (strcmp(base ? base + 1 : name, program) != 0 || !plain_command_find(name, path))
                return false;
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                size_t len = strlen(folders[i]);
                if (strncmp(path, folders[i], len) == 0 && strcmp(path + len, program) == 0)
                        return true;
        }
        return false;
}

/* "3600s" */
static bool parse_seconds(const char *word, uint64_t *ret_ms) {
        uint64_t seconds = 0;
        size_t len = strlen(word);
        if (len < 2 || word[len - 1] != 's')
                return false;
        for (size_t i = 0; i + 1 < len; i++) {
                if (word[i] < '0' || word[i] > '9')
                        return false;
                seconds = seconds * 10 + (uint64_t)(word[i] - '0');
                if (seconds > TIMEOUT_MAX_S)
                        return false;
        }
        *ret_ms = seconds * 1000;
        return seconds > 0;
}

/* One of the parts. Returns the words it takes, 0 if it is none. */
static size_t parse_part(char *const *words, size_t count, const struct address *address,
        struct nftset_command *ret) {
        struct address written;
        *ret = (struct nftset_command){0};
        if (count < 8 || strcmp(words[1], "element") != 0 || strcmp(words[5], "{") != 0)
                return 0;
        if (strcmp(words[0], "delete") == 0)
                ret->deed = NFTSET_DELETE;
        else if (strcmp(words[0], "add") != 0)
                return 0;
        if (!parse_family(words[2], &ret->place.family) || !take_name(words[3], ret->place.table) ||
                !take_name(words[4], ret->place.set))
                return 0;
        if (address_parse(slice_of(words[6]), &written) < 0 || !address_equal(&written, address))
                return 0;
        if (strcmp(words[7], "}") == 0)
                return 8;
        bool has_timeout = count >= 10 && ret->deed == NFTSET_ADD &&
                           strcmp(words[7], "timeout") == 0 && strcmp(words[9], "}") == 0;
        return has_timeout && parse_seconds(words[8], &ret->timeout_ms) ? 10 : 0;
}

/* Parts text at blanks, in place; a semicolon at the end of a word is a word. */
static size_t part(char *text, char *words[static WORDS_MAX]) {
        static char semicolon[] = ";";
        size_t count = 0;
        char *rest = text;
        for (char *word; count + 2 < WORDS_MAX && (word = strsep(&rest, " "));) {
                size_t len = strlen(word);
                if (len == 0)
                        continue;
                bool ends = len > 1 && word[len - 1] == ';';
                if (ends)
                        word[len - 1] = '\0';
                words[count++] = word;
                if (ends)
                        words[count++] = semicolon;
        }
        return rest ? 0 : count;
}

static bool put_together(const struct plain_command *command, char text[static TEXT_MAX]) {
        size_t len = 0;
        text[0] = '\0';
        for (size_t i = 1; i < command->count; i++) {
                int more = snprintf(
                        text + len, TEXT_MAX - len, "%s%s", i > 1 ? " " : "", command->words[i]);
                if (more < 0 || (size_t)more >= TEXT_MAX - len)
                        return false;
                len += (size_t)more;
        }
        return true;
}

static bool is_same_place(const struct nftset_place *a, const struct nftset_place *b) {
        return a->family == b->family && strcmp(a->table, b->table) == 0 &&
               strcmp(a->set, b->set) == 0;
}

/* Takes the next part, behind a semicolon. Returns whether it is of the same element. */
static bool parse_next(char *const *words, size_t count, size_t *at, const struct address *address,
        const struct nftset_place *place, struct nftset_command *ret) {
        if (*at == count || strcmp(words[*at], ";") != 0)
                return false;
        size_t len = parse_part(words + *at + 1, count - *at - 1, address, ret);
        *at += len + 1;
        return len > 0 && is_same_place(&ret->place, place);
}

bool nftset_recognise(const struct plain_command *command, const struct address *address,
        struct nftset_command *ret) {
        char text[TEXT_MAX];
        char *words[WORDS_MAX];
        struct nftset_command next;
        if (command->count < 2 || !put_together(command, text))
                return false;
        size_t count = part(text, words);
        size_t at = parse_part(words, count, address, ret);
        if (at == 0 || !nftset_command_is_of_system(command->words[0], "nft"))
                return false;
        if (at == count)
                return true;
        if (ret->deed != NFTSET_ADD || ret->timeout_ms > 0 ||
                !parse_next(words, count, &at, address, &ret->place, &next) ||
                next.deed != NFTSET_DELETE)
                return false;
        ret->deed = NFTSET_REMOVE;
        if (at == count)
                return true;
        if (!parse_next(words, count, &at, address, &ret->place, &next) || next.deed != NFTSET_ADD)
                return false;
        ret->deed = NFTSET_RENEW;
        ret->timeout_ms = next.timeout_ms;
        return at == count;
}
