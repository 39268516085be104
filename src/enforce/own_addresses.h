/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of this host, for ignoreself: interfaces, and what its names resolve to; looked up anew every 300 s. */
#pragma once

#include <stdbool.h>

#include "base/address.h"
#include "base/clock.h"

struct resolver;
struct own_addresses;

/* resolver NULL: interfaces only. */
struct own_addresses *own_addresses_new(const struct clock *clock, struct resolver *resolver);
struct own_addresses *own_addresses_free(struct own_addresses *own);
/* Looks them up anew, if it is time to; the others here but own_addresses_epoch() do so, too. */
void own_addresses_refresh(struct own_addresses *own);
/* Grows whenever they may have changed. */
unsigned own_addresses_epoch(const struct own_addresses *own);
bool own_addresses_has(struct own_addresses *own, const struct address *address);
/* Whether one of them lies in net. */
bool own_addresses_in(struct own_addresses *own, const struct address *net);
