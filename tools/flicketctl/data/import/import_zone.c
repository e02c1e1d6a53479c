/*
 * The time zone of Flicket's server. Flicket stores its server's local time
 * without saying so. The C library knows the rules of the zones (tzdata).
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define SECOND	INT64_C(1000000)	/* in microseconds */
#define DAY	86400			/* in seconds */

static bool	is_local;	/* not UTC */

/* Only names: no paths, and no rules in the words of POSIX. */
static bool
is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") ==
	    NULL && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_+-/") == strlen(name);
}

/* A file of rules begins with these letters (RFC 8536). */
static bool
has_rules(const char *path)
{
	char	 magic[4] = "";
	FILE	*f = fopen(path, "re");
	bool	 has;

	if (f == NULL)
		return false;
	has = fread(magic, sizeof(magic), 1, f) == 1 &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	fclose(f);
	return has;
}

bool
zone_use(const char *name)
{
	char	path[PATH_MAX];

	if (name == NULL || strcmp(name, "UTC") == 0)
		return true;
	snprintf(path, sizeof(path), ZONE_FOLDER "/%s", name);
	if (!is_name(name) || !has_rules(path))
		return false;
	CHECK(setenv("TZ", path, 1) == 0);
	tzset();
	is_local = true;
	return true;
}

/* By how many seconds the zone is ahead of UTC at a moment. */
static int64_t
offset_at(int64_t seconds)
{
	time_t		moment = seconds;
	struct tm	tm;

	return localtime_r(&moment, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

/*
 * An hour that a clock shows twice is the first one. One that it leaves out is
 * as long after the last second before the gap as it says.
 */
int64_t
zone_to_utc(int64_t local)
{
	int64_t	seconds, before, after;

	if (!is_local)
		return local;
	seconds = local / SECOND - (local % SECOND < 0);
	before = offset_at(seconds - DAY);
	after = offset_at(seconds + DAY);
	if (offset_at(seconds - before) != before &&
	    offset_at(seconds - after) == after)
		before = after;
	return local - before * SECOND;
}
