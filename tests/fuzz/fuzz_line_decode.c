/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw bytes in any encoding (the first byte's) become valid UTF-8, line by line. */
#include "detect/codepage.h"
#include "detect/line.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size == 0)
                return 0;
        enum line_encoding encoding =
                (enum line_encoding)(data[0] % (LINE_CODEPAGE + codepage_count()));
        struct slice raw = fuzz_input(data + 1, size - 1);
        struct arena arena = ARENA_INIT;
        enum line_encoding parsed;
        bool repaired;
        (void)line_encoding_parse(raw, &parsed, NULL); /* before the loop eats it */
        for (size_t len; raw.len > 0; raw = slice_sub(raw, len, raw.len)) {
                len = line_length(encoding, raw);
                FUZZ_REQUIRE(len <= raw.len);
                struct slice line = len > 0 ? slice_sub(raw, 0, len) : raw;
                struct slice text = line_decode(encoding, line, &arena, &repaired);
                FUZZ_REQUIRE(utf8_is_valid(text) && text.len <= line.len * 3 + 3);
                FUZZ_REQUIRE(encoding != LINE_UTF8 || repaired == !utf8_is_valid(line));
                FUZZ_REQUIRE(line_strip_end(text).len <= text.len);
                if (len == 0)
                        break;
        }
        arena_done(&arena);
        return 0;
}
