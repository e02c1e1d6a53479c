/* What the commands about the engine share. */
#ifndef ENGINE_ENGINE_PARTS_H
#define ENGINE_ENGINE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"
#include "services/store/service.h"

#define ENGINE_SERVICES	4

/* All of them, in the order in which they are shown. */
extern const struct service *const	engine_services[ENGINE_SERVICES];

/* Load the settings. False, after a message: they name no engine that is one. */
bool	engine_settings(struct settings *);

#endif
