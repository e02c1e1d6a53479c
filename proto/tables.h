/*
 * The tables that both ends of the wire share, as C: operations, argument
 * keys, errors, placeholders, rights.
 */
#ifndef PROTO_TABLES_H
#define PROTO_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/services.h"
#include "proto/keyset.h"

enum key_type { KEY_INT = 1, KEY_TEXT, KEY_BYTES };

/* How a number stands in JSON, and what a text has to be. */
enum key_form {
	FORM_PLAIN,
	FORM_LINE,	/* one line (base/line.h) */
	FORM_IDS,	/* a JSON array of whole numbers */
	FORM_BOOL,	/* true and false, 1 and 0 on the wire */
	FORM_HOURS,	/* up to two decimals, in hundredths on the wire */
	FORM_QUERIES	/* queries of lists, as arguments on the wire */
};

struct key_info {
	const char	*name;	/* NULL: there is no such key */
	enum key_type	 type;
	enum key_form	 form;
	bool		 from_client;	/* a query or a body may set it */
	int64_t		 least;
	int64_t		 most;
};

/* Items of a page: if the client does not say how many, and at most. */
#define PER_PAGE_DEFAULT	50
#define PER_PAGE_MOST		100

/* Queries that a key of the form QUERIES has at most. */
#define VIEWS_MOST		20

/* Who may have an operation done. */
enum who {
#define WHO(NAME, text, refusal, by_owner, by_reader) WHO_##NAME,
#include "proto/who.tbl"
#undef WHO
	WHO_END
};

struct who_info {
	const char	*name;
	const char	*text;		/* for documents */
	const char	*refusal;	/* for a client: 403's message */
	bool		 by_owner;	/* the service decides, by its data */
	bool		 by_reader;	/* a token for reading is enough */
};

enum op_kind { OP_READ, OP_WRITE, OP_SLOW, OP_LEAD, OP_EVENT, OP_TALLY,
    OP_OWN };

enum op_code {
	OP_NONE,
#define OP(code, SERVICE, NAME, KIND, WHO, needs, may) OP_##NAME = (code),
#include "proto/ops.tbl"
#undef OP
	OP_END = 256	/* codes are below */
};

struct op_info {
	const char	*name;	/* NULL: there is no such operation */
	enum service_id	 service;
	enum op_kind	 kind;
	keyset		 needs;
	keyset		 may;
	enum who	 who;
};

enum err {
#define ERROR(number, NAME, http, reason, message, code) ERR_##NAME = (number),
#include "proto/errors.tbl"
#undef ERROR
	ERR_END
};
#define OK	ERR_OK

enum fault_code {
#define FAULT(number, NAME, word, meaning) FAULT_##NAME = (number),
#include "proto/faults.tbl"
#undef FAULT
	FAULT_END
};

struct fault_info {
	const char	*word;		/* "": there is no such code */
	const char	*meaning;
};

struct err_info {
	int		 http;
	const char	*reason;
	const char	*message;	/* "": none */
	enum fault_code	 code;
};

enum placeholder {
#define PLACEHOLDER(byte, NAME, path) PLACEHOLDER_##NAME = (byte),
#include "proto/placeholders.tbl"
#undef PLACEHOLDER
	PLACEHOLDER_END
};

/* Rights that a group gives: bits of groups.rights and of a request's rights. */
enum right {
	RIGHT_ADMIN = 1,	/* group flicket_admin */
	RIGHT_STAFF = 2,	/* groups flicket_admin and super_user */
	RIGHT_READ_ONLY = 4	/* of a token, not of a group */
};

/* Rows by number. A number from outside gets a row with name NULL. */
const struct key_info	*key_info(uint64_t number);
const struct op_info	*op_info(uint64_t code);
const struct who_info	*who_info(enum who);
/*
 * Whether the operation stores the value of a key, so that it must be in its
 * bounds. Where a USER_ID may be given, a USERNAME finds a user.
 */
bool			 op_stores(const struct op_info *, enum key);
/*
 * Whether the operation takes the filters of lists of tickets: it needs the
 * columns that the ticket service loads at its start.
 */
bool			 op_filters_tickets(const struct op_info *);
/* Whether these rights alone allow it; true if the owner decides. */
bool			 who_may(enum who, int64_t rights);

/* The refusal of a write that comes with a token for reading. */
#define WHO_READS_ONLY	"This token is for reading only."

const char		*placeholder_path(enum placeholder);

/* The row of an error; INTERNAL's if there is no error of that number. */
const struct err_info	*err_info(uint64_t number);

/* The row of a code; FAULT_NONE's if there is no code of that number. */
const struct fault_info	*fault_info(uint64_t number);

/* The key of that name in the set, or KEY_END. */
enum key	key_find(const char *name, keyset among);
enum key	key_find_text(struct text name, keyset among);

#endif
