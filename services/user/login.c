/* Logins, and new passwords. */
#include "services/user/login.h"

#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fold.h"
#include "base/log.h"
#include "services/user/credential.h"
#include "services/user/password.h"

#define FITS_FOLDED	3	/* of SQL_USER_LOGIN */

static struct {
	struct failures	failures;
	int		cost;		/* of new hashes */
	bool		knows_cost;	/* of the stored hashes */
} login;

void
login_start(const struct settings *s)
{
	failures_init(&login.failures, s->login_failures_per_name,
	    s->login_failures_per_address);
	login.cost = (int)s->bcrypt_cost;
	login.knows_cost = false;
}

struct failures *
login_failures(void)
{
	return &login.failures;
}

static bool
is_limited(struct call *c, const struct failure *who)
{
	int64_t	ms = failures_wait_ms(&login.failures, who);

	if (ms == 0)
		return false;
	args_put_number(&c->answer.extra, KEY_RETRY_AFTER, (ms + 999) / 1000);
	return true;
}

static enum err
count_failure(struct call *c, struct failure *who)
{
	who->at_ms = clock_ms();
	failures_add(&login.failures, who);
	return is_limited(c, who) ? ERR_TOO_MANY : ERR_UNAUTHORIZED;
}

/*
 * Learn the highest cost of the stored hashes, once; account.c tells those that
 * are stored later. A refusal takes as long as a hash at this cost: else it
 * would show which names have a hash that is dearer than new ones.
 */
static enum err
know_cost(struct call *c)
{
	struct stmt	st;
	enum err	e;
	int		cost;

	if (login.knows_cost)
		return OK;
	st = op_stmt(c, SQL_PASSWORDS);
	while (stmt_next(&st))
		if (password_kind(stmt_bytes(&st, 0), &cost) ==
		    PASSWORD_BCRYPT)
			password_has_cost(cost);
	e = op_end(c, &st, OK);
	login.knows_cost = e == OK;
	return e;
}

/* The stored hash of a password. */
struct stored_hash {
	char	text[PASSWORD_HASH_SIZE];
	size_t	len;		/* 0: none */
};

static void
take_hash(struct stored_hash *to, struct text from)
{
	to->len = from.len < sizeof(to->text) ? from.len : 0;
	memcpy(to->text, to->len == 0 ? "" : from.base, to->len);
}

static struct text
stored_hash_text(const struct stored_hash *h)
{
	return (struct text){ h->text, h->len };
}

struct account {
	int64_t			id;	/* 0: there is no such user */
	int64_t			rights;
	bool			disabled;
	bool			folded;	/* its name is written in another way */
	int64_t			alike[2];	/* 0: the name fits one user */
	struct stored_hash	hash;	/* empty if there is no such user */
};

static void
take_account(struct account *ret, const struct stmt *st)
{
	ret->id = stmt_number(st, 0);
	ret->disabled = stmt_number(st, 2) != 0;
	ret->rights = stmt_number(st, 3);
	ret->folded = stmt_number(st, 4) == FITS_FOLDED;
	if (!ret->disabled)
		take_hash(&ret->hash, stmt_bytes(st, 1));
}

/*
 * The user that a username or an address means: the one that has exactly this
 * username, or else exactly this address, or else the only one that has one that
 * reads the same. If several read the same, it means no user.
 *
 * A disabled user is like an unknown name: the right password takes as long as
 * a wrong one.
 */
static enum err
find_account(struct call *c, struct account *ret)
{
	struct stmt	st = op_stmt(c, c->op->sql);

	*ret = (struct account){ 0 };
	if (stmt_next(&st))
		take_account(ret, &st);
	if (ret->folded && stmt_next(&st))
		*ret = (struct account){
			.alike = { ret->id, stmt_number(&st, 0) }
		};
	/* the read transaction must not last as long as the hash takes */
	return op_end(c, &st, OK);
}

/* What failures count for: the user, in whatever way its name is written. */
static uint64_t
hash_user(int64_t id)
{
	char	text[40];
	int	len = snprintf(text, sizeof(text), "\n%lld", (long long)id);

	return failures_hash(&login.failures,
	    (struct text){ text, (size_t)len });
}

/* The same of a name that no user has. */
static uint64_t
hash_name(struct text name)
{
	struct buf	form = { 0 };
	uint64_t	hash;

	fold_put(&form, name);
	hash = failures_hash(&login.failures, (struct text){
	    form.len == 0 ? "" : form.base, form.len });
	buf_done(&form);
	return hash;
}

/*
 * Flicket's API takes a username byte by byte. A password shorter than those that
 * can be set here is from there, and opens only as it does there.
 */
static bool
needs_exact_name(struct text password)
{
	return text_characters(password) < key_info(KEY_NEW_PASSWORD)->least;
}

enum err
login_check(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct failure		 who = {
		.at_ms = clock_ms(),
		.address = failures_hash(&login.failures,
		    args_text(args, KEY_ADDRESS)),
	};
	struct account		 account;
	enum err		 e;
	bool			 is;

	e = find_account(c, &account);
	if (e != OK)
		return e;
	who.name = account.id != 0 ? hash_user(account.id) :
	    hash_name(args_text(args, KEY_USERNAME));
	if (is_limited(c, &who))
		return ERR_TOO_MANY;
	if (account.alike[0] != 0)
		log_warn("a login was refused: the name fits the users %lld "
		    "and %lld, and neither exactly",
		    (long long)account.alike[0], (long long)account.alike[1]);
	e = know_cost(c);
	if (e != OK)
		return e;
	if (account.folded && needs_exact_name(args_text(args, KEY_PASSWORD)))
		account.hash.len = 0;
	is = password_is(args_text(args, KEY_PASSWORD),
	    stored_hash_text(&account.hash));
	if (!is || account.disabled)
		return count_failure(c, &who);
	credential_put(c, stored_hash_text(&account.hash));
	args_put_number(&c->answer.extra, KEY_USER_ID, account.id);
	args_put_number(&c->answer.extra, KEY_RIGHTS, account.rights);
	return OK;
}

/* --- new passwords --------------------------------------------------------- */

/* Check the bounds of a new password; an old one may be outside them. */
static enum err
check_bounds(struct call *c, enum key key)
{
	const struct key_info	*bounds = key_info(KEY_NEW_PASSWORD);
	const char		*name = key_info(key)->name;
	struct text		 password = args_text(&c->request.args, key);
	int64_t			 have = text_characters(password);

	if (have < bounds->least || have > bounds->most)
		return op_fault(c, have < bounds->least ?
		    FAULT_TOO_SHORT : FAULT_TOO_LONG, key,
		    op_refusef(c, ERR_BAD_REQUEST,
		    "%s must be %lld to %lld characters long.", name,
		    (long long)bounds->least, (long long)bounds->most));
	if (password.len > PASSWORD_MOST_BYTES)
		return op_fault(c, FAULT_TOO_LONG, key,
		    op_refusef(c, ERR_BAD_REQUEST, "%s must be at most %d "
		    "bytes long in UTF-8, this one has %zu.", name,
		    PASSWORD_MOST_BYTES, password.len));
	return OK;
}

static enum err
put_hash(struct call *c, enum key key)
{
	struct text	password = args_text(&c->request.args, key);
	char		text[PASSWORD_MOST_BYTES + 1], hash[PASSWORD_HASH_SIZE];
	size_t		at;

	memcpy(text, password.base, password.len);
	text[password.len] = '\0';
	password_hash(text, login.cost, hash);
	sodium_memzero(text, sizeof(text));
	at = c->message.len;		/* behind the CREDENTIAL */
	buf_put_text(&c->message, hash);
	args_put_text(&c->answer.extra, KEY_PASSWORD_HASH,
	    (struct text){ c->message.base + at, c->message.len - at });
	return OK;
}

enum err
login_hash(struct call *c)
{
	enum err	e = check_bounds(c, KEY_PASSWORD);

	return e != OK ? e : put_hash(c, KEY_PASSWORD);
}

static enum err
find_stored(struct call *c, struct stored_hash *ret)
{
	struct stmt	st = op_stmt(c, c->op->sql);
	bool		found = stmt_next(&st);

	*ret = (struct stored_hash){ .len = 0 };
	if (found)
		take_hash(ret, stmt_bytes(&st, 0));
	return op_end(c, &st, found ? OK : ERR_NOT_FOUND);
}

/*
 * A wrong old password counts as a failed login of the user. The address of the
 * client is not known here: each user has an address of its own instead.
 */
static enum err
check_old(struct call *c)
{
	struct failure		who = { .at_ms = clock_ms() };
	struct stored_hash	stored;
	enum err		e = find_stored(c, &stored);

	if (e != OK)
		return e;
	if (!args_has(&c->request.args, KEY_PASSWORD))
		return op_fault(c, FAULT_REQUIRED, KEY_PASSWORD,
		    op_refuse(c, ERR_BAD_REQUEST,
		    "password is missing: the one that is to be replaced."));
	who.name = hash_user(args_number(&c->request.args, KEY_ID, 0));
	who.address = ~who.name;
	if (is_limited(c, &who))
		return ERR_TOO_MANY;
	if (password_is(args_text(&c->request.args, KEY_PASSWORD),
	    stored_hash_text(&stored))) {
		credential_put(c, stored_hash_text(&stored));
		return OK;
	}
	if (count_failure(c, &who) == ERR_TOO_MANY)
		return ERR_TOO_MANY;
	return op_fault(c, FAULT_WRONG_PASSWORD, KEY_PASSWORD,
	    op_refuse(c, ERR_BAD_REQUEST, LOGIN_NOT_REPLACED));
}

enum err
login_change(struct call *c)
{
	bool		is_own = c->request.actor ==
			    args_number(&c->request.args, KEY_ID, 0);
	enum err	e = check_bounds(c, KEY_NEW_PASSWORD);

	if (e == OK && (is_own || (c->request.rights & RIGHT_ADMIN) == 0))
		e = check_old(c);
	return e != OK ? e : put_hash(c, KEY_NEW_PASSWORD);
}
