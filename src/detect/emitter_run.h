/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of characters, in machine code. */
#pragma once

#include "detect/emitter.h"

/* REGEX_OP_RUN. */
void emitter_run(struct emitter *emitter, const struct regex_op *op);
/* REGEX_OP_GREEDY and REGEX_OP_LAZY. */
void emitter_choosing_run(struct emitter *emitter, const struct regex_op *op);
