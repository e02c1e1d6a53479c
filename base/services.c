/* Names of services. */
#include "base/services.h"

static const char *const names[SERVICE_END] = {
	[SERVICE_ANY] = "any",
#define SERVICE(number, NAME, name, endpoint) [number] = name,
#include "base/services.tbl"
#undef SERVICE
};

const char *
service_name(enum service_id id)
{
	return names[id];
}
