/*
 * The tables that both ends of the wire share, as C: services, operations,
 * argument keys, errors, marks, rights.
 */
#ifndef PROTO_TABLES_H
#define PROTO_TABLES_H

#include <stdbool.h>
#include <stdint.h>

enum service_id {
	SERVICE_ANY,
#define SERVICE(number, NAME, name, endpoint) SERVICE_##NAME = (number),
#include "services.tbl"
#undef SERVICE
	SERVICE_END
};

enum key {
#define KEY(number, NAME, name, type, least, most) KEY_##NAME = (number),
#include "keys.tbl"
#undef KEY
	KEY_END = 64	/* keys are bits of a 64-bit mask */
};

/* The bit of a key in a mask of keys. */
#define K(NAME)		(UINT64_C(1) << KEY_##NAME)
#define KEY_BIT(key)	(UINT64_C(1) << (key))

enum key_type { KEY_INT = 1, KEY_TEXT, KEY_BYTES };

struct key_info {
	const char	*name;	/* NULL: there is no such key */
	enum key_type	 type;
	int64_t		 least;
	int64_t		 most;
};

enum op_kind { OP_READ, OP_WRITE, OP_SLOW, OP_EVENT, OP_TALLY,
    OP_OWN };

enum op_code {
	OP_NONE,
#define OP(code, SERVICE, NAME, KIND, needs, may) OP_##NAME = (code),
#include "ops.tbl"
#undef OP
	OP_END
};

struct op_info {
	const char	*name;	/* NULL: there is no such operation */
	enum service_id	 service;
	enum op_kind	 kind;
	uint64_t	 needs;	/* masks of keys */
	uint64_t	 may;
};

enum err {
#define ERROR(number, NAME, http, reason, message) ERR_##NAME = (number),
#include "errors.tbl"
#undef ERROR
	ERR_END
};
#define OK	ERR_OK

struct err_info {
	int		 http;
	const char	*reason;
	const char	*message;	/* "": none */
};

enum mark {
#define MARK(byte, NAME, path) MARK_##NAME = (byte),
#include "marks.tbl"
#undef MARK
	MARK_END
};

/* What groups give: bits of groups.rights and of a request's rights. */
enum right {
	RIGHT_ADMIN = 1,	/* group flicket_admin */
	RIGHT_STAFF = 2		/* groups flicket_admin and super_user */
};

/* Rows by number. A number from outside gets a row with name NULL. */
const struct key_info	*key_info(uint64_t number);
const struct op_info	*op_info(uint64_t code);
const char		*service_name(enum service_id);
const char		*mark_path(enum mark);

/* The row of an error; a number from outside that is none: INTERNAL's. */
const struct err_info	*err_info(uint64_t number);

/* The key of that name among those in the mask; KEY_END if there is none. */
enum key	key_find(const char *name, uint64_t among);

#endif
