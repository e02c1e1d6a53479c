/*
 * Logins and their limits. The failures of the last minute are kept in a
 * ring and counted anew each time: a hash takes ten thousand times longer
 * than a walk along the ring, and no memory can be made to grow.
 */
#include "login.h"

#include <sodium.h>

#include "password.h"
#include "proto/replica.h"

#define WINDOW_MS	60000
#define RING		8192	/* failures remembered at most */

/* Names and addresses are kept as keyed hashes: a secret of ours, a name of
 * any length, and no way to make two of them meet. */
struct failure {
	int64_t		at_ms;
	uint64_t	name;
	uint64_t	address;
};

static struct {
	struct failure	ring[RING];
	size_t		next;
	unsigned char	secret[crypto_shorthash_KEYBYTES];
	int64_t		per_name;
	int64_t		per_address;
} login;

void
login_start(const struct settings *s)
{
	crypto_shorthash_keygen(login.secret);
	login.per_name = s->login_failures_per_name;
	login.per_address = s->login_failures_per_address;
	for (size_t i = 0; i < RING; i++)
		login.ring[i].at_ms = -WINDOW_MS;
}

static uint64_t
hash_of(struct text t)
{
	uint64_t	h;

	crypto_shorthash((unsigned char *)&h, (const unsigned char *)t.base,
	    t.len, login.secret);
	return h;
}

/*
 * How long until fewer than `limit` failures are within the window, ms; 0 if
 * there are fewer now. Walks from the newest failure to the oldest.
 */
static int64_t
wait_for(const struct failure *who, bool by_name, int64_t limit)
{
	const struct failure	*f;
	int64_t			 count = 0;

	for (size_t i = 1; i <= RING; i++) {
		f = &login.ring[(login.next + RING - i) % RING];
		if (who->at_ms - f->at_ms >= WINDOW_MS)
			return 0;
		if (by_name ? f->name != who->name : f->address != who->address)
			continue;
		if (++count == limit)
			return f->at_ms + WINDOW_MS - who->at_ms;
	}
	return 0;
}

static bool
is_limited(struct call *c, const struct failure *who)
{
	int64_t	name_ms = wait_for(who, true, login.per_name);
	int64_t	address_ms = wait_for(who, false, login.per_address);
	int64_t	ms = name_ms > address_ms ? name_ms : address_ms;

	if (ms == 0)
		return false;
	args_put_number(&c->answer.extra, KEY_RETRY_AFTER, (ms + 999) / 1000);
	return true;
}

static enum err
fail(struct call *c, struct failure *who)
{
	who->at_ms = clock_ms();
	login.ring[login.next] = *who;
	login.next = (login.next + 1) % RING;
	return is_limited(c, who) ? ERR_TOO_MANY : ERR_UNAUTHORIZED;
}

struct account {
	int64_t		id;
	int64_t		rights;
	bool		disabled;
	char		hash[PASSWORD_HASH_SIZE];
	size_t		hash_len;	/* 0: none, or no such user */
};

static enum err
find_account(struct call *c, struct account *ret)
{
	sqlite3_stmt	*st = op_statement(c, c->op->sql);
	enum err	 e, done;
	int		 len;

	*ret = (struct account){ 0 };
	if (op_step(c, st, &e) == SQLITE_ROW) {
		ret->id = sqlite3_column_int64(st, 0);
		len = sqlite3_column_bytes(st, 1);
		ret->disabled = sqlite3_column_int(st, 2) != 0;
		ret->rights = sqlite3_column_int64(st, 3);
		if (len > 0 && (size_t)len < sizeof(ret->hash)) {
			memcpy(ret->hash, sqlite3_column_blob(st, 1),
			    (size_t)len);
			ret->hash_len = (size_t)len;
		}
	}
	/* before the hash: a read transaction must not last that long */
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
login_check(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct failure		 who = {
		.at_ms = clock_ms(),
		.name = hash_of(args_text(args, KEY_USERNAME)),
		.address = hash_of(args_text(args, KEY_ADDRESS)),
	};
	struct account		 account;
	enum err		 e;
	bool			 is;

	if (is_limited(c, &who))
		return ERR_TOO_MANY;
	e = find_account(c, &account);
	if (e != OK)
		return e;
	is = password_is(args_text(args, KEY_PASSWORD),
	    (struct text){ account.hash, account.hash_len });
	if (!is || account.disabled)
		return fail(c, &who);
	args_put_number(&c->answer.extra, KEY_USER_ID, account.id);
	args_put_number(&c->answer.extra, KEY_RIGHTS, account.rights);
	return OK;
}
