/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka wants these in this order. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

#define assert_slice(s, text)                                                                      \
        do {                                                                                       \
                struct slice got_ = (s);                                                           \
                assert_int_equal(got_.len, strlen(text));                                          \
                assert_memory_equal(got_.len ? got_.data : "", text, got_.len);                    \
        } while (0)
