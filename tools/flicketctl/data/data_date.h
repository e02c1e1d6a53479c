/*
 * Dates as Flicket's database drivers write them, and with an offset (ISO 8601) as
 * others do.
 */
#ifndef DATA_DATE_H
#define DATA_DATE_H

#include <stdbool.h>
#include <stdint.h>

struct data_date {
	int64_t	us;		/* since 1970, in UTC if it has an offset */
	bool	has_offset;
	bool	is_plain;	/* no offset, and seconds if it has a time: as
				 * Flicket's drivers write them all */
	bool	is_cut;		/* it had more digits */
};

/*
 * Read "YYYY-MM-DD[ HH:MM[:SS[.ffffff]][+HH[:MM]]]", with T for the blank and Z
 * for an offset of zero, too. False: it is not a date.
 */
bool	data_date_read(const char *, struct data_date *ret);

#endif
