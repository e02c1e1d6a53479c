/* The time that rows are dated with. */
#include "services/store/now.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/wall.h"

#define STEADY_MS	(INT64_C(60) * 60 * 1000)
#define OVER_US		(INT64_C(24) * 60 * 60 * 1000000)

int64_t
store_now(void)
{
	static _Atomic int64_t	last;
	int64_t			now = wall_us(), before = last;

	do {
		if (now <= before && before - now < WALL_STEP_US)
			now = before + 1;
	} while (!__atomic_compare_exchange_n((int64_t *)&last, &before, now,
	    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return now;
}

int64_t
store_over(void)
{
	return wall_steady_ms() < STEADY_MS ? INT64_MIN :
	    store_now() - OVER_US;
}
