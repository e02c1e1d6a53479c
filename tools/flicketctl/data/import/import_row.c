/* A row on its way. */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>

struct text
row_label(const struct row *row)
{
	const char	*base = (const char *)sqlite3_column_text(row->from, 0);

	return (struct text){ base,
	    (size_t)sqlite3_column_bytes(row->from, 0) };
}
