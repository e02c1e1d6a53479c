/* The shared tables. Two rows with one number do not compile: -Woverride-init
 * of designated initializers is an error in this file. */
#pragma GCC diagnostic error "-Woverride-init"

#include "proto/tables.h"

#include <stddef.h>
#include <string.h>

#define TYPE_INT	KEY_INT, FORM_PLAIN
#define TYPE_BOOL	KEY_INT, FORM_BOOL
#define TYPE_HOURS	KEY_INT, FORM_HOURS
#define TYPE_TEXT	KEY_TEXT, FORM_PLAIN
#define TYPE_LINE	KEY_TEXT, FORM_LINE
#define TYPE_IDS	KEY_TEXT, FORM_IDS
#define TYPE_BYTES	KEY_BYTES, FORM_PLAIN
#define TYPE_QUERIES	KEY_BYTES, FORM_QUERIES
#define FROM_CLIENT	true
#define FROM_INNER	false

static const struct key_info keys[KEY_END + 1] = {
#define KEY(number, NAME, name, type, from, least, most) \
	[number] = { name, TYPE_##type, FROM_##from, least, most },
#include "proto/keys.tbl"
#undef KEY
};

#define KEY(number, NAME, name, type, from, least, most) \
	_Static_assert((number) < KEY_END, "a key beyond the set");
#include "proto/keys.tbl"
#undef KEY

static const struct op_info ops[OP_END + 1] = {
#define OP(code, SERVICE, NAME, KIND, WHO, needs, may) \
	[code] = { #NAME, SERVICE_##SERVICE, OP_##KIND, needs, may, WHO_##WHO },
#include "proto/ops.tbl"
#undef OP
};

static const struct err_info errors[ERR_END] = {
#define ERROR(number, NAME, http, reason, message, code) \
	[number] = { http, reason, message, FAULT_##code },
#include "proto/errors.tbl"
#undef ERROR
};

static const struct fault_info codes[FAULT_END] = {
#define FAULT(number, NAME, word, meaning) [number] = { word, meaning },
#include "proto/faults.tbl"
#undef FAULT
};

static const char *const placeholder_paths[PLACEHOLDER_END] = {
#define PLACEHOLDER(byte, NAME, path) [byte] = path,
#include "proto/placeholders.tbl"
#undef PLACEHOLDER
};

const struct key_info *
key_info(uint64_t number)
{
	return &keys[number < KEY_END ? number : KEY_END];
}

const struct op_info *
op_info(uint64_t code)
{
	return &ops[code < OP_END ? code : OP_END];
}

const struct err_info *
err_info(uint64_t number)
{
	return &errors[number < ERR_END ? number : ERR_INTERNAL];
}

const struct fault_info *
fault_info(uint64_t number)
{
	return &codes[number < FAULT_END ? number : FAULT_NONE];
}

bool
op_stores(const struct op_info *info, enum key key)
{
	return info->kind == OP_WRITE &&
	    !(key == KEY_USERNAME && keyset_has(info->may, KEY_USER_ID));
}

bool
op_filters_tickets(const struct op_info *info)
{
	return keyset_has(info->may, KEY_UPDATED_SINCE);
}

bool
who_may(enum who who, int64_t rights)
{
	if (who == WHO_STAFF)
		return (rights & RIGHT_STAFF) != 0;
	return who != WHO_ADMIN || (rights & RIGHT_ADMIN) != 0;
}

const struct who_info *
who_info(enum who who)
{
	static const struct who_info	rows[WHO_END] = {
#define WHO(NAME, text, refusal, by_owner, by_reader) \
		[WHO_##NAME] = { #NAME, text, refusal, by_owner, by_reader },
#include "proto/who.tbl"
#undef WHO
	};

	return &rows[who];
}

const char *
placeholder_path(enum placeholder p)
{
	return placeholder_paths[p];
}

/* A key's name has no more than its first byte in common with most others. */
enum key
key_find_text(struct text name, keyset among)
{
	const char	*have;
	enum key	 k;

	if (name.len == 0)
		return KEY_END;
	for (k = keyset_next(among, 0); k != KEY_END;
	    k = keyset_next(among, k + 1)) {
		have = keys[k].name;
		if (have != NULL && have[0] == name.base[0] &&
		    text_same(text_of(have), name))
			break;
	}
	return k;
}

enum key
key_find(const char *name, keyset among)
{
	return key_find_text(text_of(name), among);
}
