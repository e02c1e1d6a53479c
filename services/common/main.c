/* The program of a service; which one is decided by what it is linked to. */
#include "proto/settings.h"
#include "svc.h"

int
main(void)
{
	struct settings	settings;

	settings_load(&settings);
	return svc_run(&PROGRAM, &settings);
}
