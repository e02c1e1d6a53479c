/* The program of a service: of the one that it is linked with. */
#include "base/process/harden.h"
#include "base/process/program.h"
#include "services/runtime/health.h"
#include "services/runtime/start.h"

int
main(int argc, char **argv)
{
	struct settings	settings;
	bool		force_new = false, health;

	health = program_arguments(PROGRAM_NAME, argc, argv, &force_new);
	settings_load(&settings);
	if (health)
		return health_check(PROGRAM.id, &settings);
	harden_secrets(&settings, PROGRAM.id == SERVICE_USER);
	return start_service(&PROGRAM, &settings, force_new);
}
