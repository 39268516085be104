/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BASE_SANITIZED: 1 where AddressSanitizer looks, which reserves terabytes of address space, knows
 * only malloc's blocks, and gives nothing back to the system at once; else 0. */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define BASE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BASE_SANITIZED 1
#endif
#endif
#ifndef BASE_SANITIZED
#define BASE_SANITIZED 0
#endif
