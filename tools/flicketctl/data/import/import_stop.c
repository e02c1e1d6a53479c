/* Signals and failures end a run early. */
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/data/import/import_parts.h"

bool
import_goes_on(void)
{
	if (stop_asked())
		return report_fail("stopped");
	return !report_failed();
}

int
import_interrupts(void *unused)
{
	(void)unused;
	return stop_asked() || report_failed();
}
