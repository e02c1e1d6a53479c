/* The part of libh2o whose place frames.c takes, as a library: fake_h2o.c. */
#ifndef UNIT_FAKE_H2O_H
#define UNIT_FAKE_H2O_H

#include <stdbool.h>

#include "gateway/http/h2o_2_2_5.h"

extern struct fake_h2o {
	struct h2o_2_2_5_frame	coming;		/* decoded next */
	h2o_socket_cb		reader;		/* read_start's */
	bool			is_accepted;
} fake_h2o;

#endif
