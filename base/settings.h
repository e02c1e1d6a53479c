/*
 * Settings: environment variables, in one table (settings.tbl), read and checked
 * once at start.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/services.h"

struct settings {
#define TEXT(member, name, dflt, longest, help)		const char *member;
#define SECRET(member, name, dflt, longest, help)	const char *member;
#define NUMBER(member, name, dflt, least, most, help)	int64_t member;
#include "base/settings.tbl"
#undef TEXT
#undef SECRET
#undef NUMBER
};

/*
 * Read the environment into ret. A value that does not fit its row is a
 * fatal error: a message that names the setting, its value and its bounds,
 * and exit status 2. So is an unknown variable FLICKET_*: a misspelt
 * name must not silently mean the default. The texts live as long as the
 * process does.
 */
void	settings_load(struct settings *ret);

/*
 * Make FLICKET_DATA, with its folders, and work in it from here on, so that
 * every path below is short and relative. Exits with a message if that
 * cannot be done. A data folder made here is closed to other users.
 */
void	settings_enter_data(const struct settings *);

/* Whether a setting that is `on` or `off` is on. */
static inline bool
settings_is_on(const char *value)
{
	return value[1] == 'n';
}

/* Print the table: as Markdown for docs/settings.md, or for a terminal. */
void	settings_print(FILE *, bool markdown);

/*
 * The rows of the table, from 0 on: a name, NULL after the last, and the value
 * as text.
 */
const char *settings_name(size_t row);
void	settings_put(struct buf *, const struct settings *, size_t row);

/* The default of a row, as documents show it ("" for none), and what it does. */
const char *settings_default(size_t row);
const char *settings_help(size_t row);

/* Whether the value of a row must not be shown, as the table says. */
bool	settings_is_secret(size_t row);

/*
 * Overwrite the values of secrets where the system shows the environment of this
 * process. The settings have copies of them if `keep`, else none.
 */
void	settings_hide_secrets(struct settings *, bool keep);

/* Where a service is reached. */
const char *settings_endpoint(const struct settings *, enum service_id);

/*
 * The entries of a setting that lists things with commas between, without the
 * blanks around them: begin with entries_of(value), take them with
 * entries_next() until it is false. An empty value has none.
 */
struct entries {
	const char	*rest;	/* NULL: nothing is left */
	unsigned	 count;	/* of entries that were taken */
};

struct entries	entries_of(const char *value);
bool		entries_next(struct entries *, struct text *ret);

/* As many as FLICKET_TRUSTED_PROXIES may have. */
#define NETWORKS_MOST	64

/* Split "host:port" into its parts; false if it is not valid. "*" is any host. */
bool	settings_split_address(const char *address, char *ret_host,
	    size_t host_size, uint16_t *ret_port);

#endif
