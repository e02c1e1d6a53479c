/* The shared tables. Two rows with one number do not compile: -Woverride-init
 * of designated initialisers is an error in this file. */
#pragma GCC diagnostic error "-Woverride-init"

#include "tables.h"

#include <stddef.h>
#include <string.h>

static const struct key_info keys[KEY_END + 1] = {
#define KEY(number, NAME, name, type, least, most) \
	[number] = { name, KEY_##type, least, most },
#include "keys.tbl"
#undef KEY
};

static const struct op_info ops[OP_END + 1] = {
#define OP(code, SERVICE, NAME, KIND, needs, may) \
	[code] = { #NAME, SERVICE_##SERVICE, OP_##KIND, needs, may },
#include "ops.tbl"
#undef OP
};

static const struct err_info errors[ERR_END] = {
#define ERROR(number, NAME, http, reason, message) \
	[number] = { http, reason, message },
#include "errors.tbl"
#undef ERROR
};

static const char *const service_names[SERVICE_END] = {
	[SERVICE_ANY] = "any",
#define SERVICE(number, NAME, name, endpoint) [number] = name,
#include "services.tbl"
#undef SERVICE
};

static const char *const mark_paths[MARK_END] = {
#define MARK(byte, NAME, path) [byte] = path,
#include "marks.tbl"
#undef MARK
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

const char *
service_name(enum service_id id)
{
	return service_names[id];
}

const char *
mark_path(enum mark mark)
{
	return mark_paths[mark];
}

enum key
key_find(const char *name, uint64_t among)
{
	for (unsigned k = 0; k < KEY_END; k++)
		if ((among & KEY_BIT(k)) != 0 && keys[k].name != NULL &&
		    strcmp(keys[k].name, name) == 0)
			return (enum key)k;
	return KEY_END;
}
