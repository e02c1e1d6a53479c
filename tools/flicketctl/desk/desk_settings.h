/*
 * The settings of a desk that runs, in its data folder, so that other commands
 * know them without the same environment.
 */
#ifndef DESK_DESK_SETTINGS_H
#define DESK_DESK_SETTINGS_H

#include <stdbool.h>

#include "base/settings.h"

#define DESK_SETTINGS	"desk.json"	/* below FLICKET_DATA */

/*
 * Write those that were given and are no secret into the data folder, a
 * descriptor; `address` is where the gateway listens. Without room for them it
 * goes on, after a message.
 */
void	desk_settings_write(int data, const struct settings *,
	    const char *address);
void	desk_settings_remove(int data);

/*
 * Put those of the desk that runs in FLICKET_DATA, if one does, into the
 * environment, before settings_load(). What the environment has stays. False: no
 * desk runs there, or its settings cannot be read.
 */
bool	desk_settings_adopt(void);

/* Whether a flicketctl serve holds this lock (serve_restart.h). */
bool	desk_is_served(int lock);

#endif
