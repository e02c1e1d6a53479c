/* The services, by number. */
#ifndef BASE_SERVICES_H
#define BASE_SERVICES_H

enum service_id {
	SERVICE_ANY,
#define SERVICE(number, NAME, name, endpoint) SERVICE_##NAME = (number),
#include "base/services.tbl"
#undef SERVICE
	SERVICE_END
};

const char	*service_name(enum service_id);

#endif
