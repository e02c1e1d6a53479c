/* Tickets of desks, and filters of them. */
#include "tickets.h"

#include <sqlite3.h>

#include "services/store/store.h"

void
run(const char *format, ...)
{
	char	*sql;
	va_list	 ap;

	va_start(ap, format);
	sql = sqlite3_vmprintf(format, ap);
	va_end(ap);
	store_exec(desk.sqlite, sql);
	sqlite3_free(sql);
}

unsigned
below(unsigned most)
{
	static uint64_t	seed = 42;

	return (unsigned)(unit_random(&seed) % most);
}

void
write_departments(void)
{
	run("INSERT INTO department_names (id, department) VALUES "
	    "(1, 'B'), (2, 'A'), (3, NULL)");
	run("INSERT INTO category_names (id, category, department_id) VALUES "
	    "(1, 'x', 1), (2, 'x', 1), (3, 'y', 2), (4, NULL, 2), "
	    "(5, 'z', NULL), (6, 'a', 3)");
}

void
pick_filters(const struct filter_row *filters, size_t count, unsigned most,
    struct args *args, struct buf *where)
{
	const struct filter_row	*f;
	keyset			 has = K(NONE);

	buf_put_text(where, "true");
	for (unsigned i = below(most + 1); i > 0; i--) {
		f = &filters[below((unsigned)count)];
		if (keyset_has(has, f->key))
			continue;
		keyset_add(&has, f->key);
		args_put_text(args, f->key, text_of(f->value));
		buf_printf(where, " AND %s", f->sql);
	}
	buf_put_byte(where, '\0');
}
