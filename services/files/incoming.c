/* The table of files on their way in. */
#include "services/files/incoming.h"

#include <sys/random.h>

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

void
incoming_init(struct incoming *in, const struct dir *d)
{
	memset(in, 0, sizeof(*in));
	in->dir = d;
	CHECK(pthread_mutex_init(&in->lock, NULL) == 0);
}

/* The only place where a state changes. */
static void
enter_state(struct incoming_file *f, enum incoming_state state)
{
	static const char *const	names[] = {
		[INCOMING_FREE] = "free",
		[INCOMING_FILLING] = "filling",
		[INCOMING_WRITING] = "writing",
		[INCOMING_SEALED] = "sealed",
		[INCOMING_CLAIMED] = "claimed",
		[INCOMING_LEAVING] = "leaving",
	};

	log_debug("incoming file %lld: %s -> %s", (long long)f->handle,
	    names[f->state], names[state]);
	f->state = state;
}

/* --- finding files -------------------------------------------------------- */

static struct incoming_file *
find_handle(struct incoming *in, int64_t handle)
{
	for (size_t i = 0; i < INCOMING_MOST; i++)
		if (in->files[i].state != INCOMING_FREE &&
		    in->files[i].handle == handle)
			return &in->files[i];
	return NULL;
}

/* A file that has its final name. */
static struct incoming_file *
find_name(struct incoming *in, struct text name)
{
	struct incoming_file	*f = in->files;

	for (; f < in->files + INCOMING_MOST; f++)
		if ((f->state == INCOMING_SEALED ||
		    f->state == INCOMING_CLAIMED) &&
		    text_same(text_of(f->name), name))
			return f;
	return NULL;
}

static struct incoming_file *
find_free(struct incoming *in)
{
	for (size_t i = 0; i < INCOMING_MOST; i++)
		if (in->files[i].state == INCOMING_FREE)
			return &in->files[i];
	return NULL;
}

static bool
comes_from(const struct incoming_file *f, struct text peer)
{
	return text_same((struct text){ f->peer, f->peer_len }, peer);
}

static void
set_peer(struct incoming_file *f, struct text peer)
{
	CHECK(peer.len <= INCOMING_PEER_BYTES);
	f->peer_len = peer.len;
	if (peer.len > 0)
		memcpy(f->peer, peer.base, peer.len);
	if (f->pinged_ms != 0)
		f->pinged_ms = clock_ms();
}

/* --- room ----------------------------------------------------------------- */

/* Whether no thread works on a file and no row of it is being written. */
static bool
is_waiting(const struct incoming_file *f)
{
	return f->state == INCOMING_FILLING || f->state == INCOMING_SEALED;
}

static unsigned
count_of(const struct incoming *in, int64_t user)
{
	unsigned	count = 0;

	for (size_t i = 0; i < INCOMING_MOST; i++)
		count += in->files[i].state != INCOMING_FREE &&
		    in->files[i].user == user;
	return count;
}

/* Find the user with most files who has a waiting one. Returns their number. */
static unsigned
find_heaviest(const struct incoming *in, int64_t *ret_user)
{
	const struct incoming_file	*f = in->files;
	unsigned			 count, most = 0;

	for (; f < in->files + INCOMING_MOST; f++) {
		if (!is_waiting(f))
			continue;
		count = count_of(in, f->user);
		if (count > most) {
			most = count;
			*ret_user = f->user;
		}
	}
	return most;
}

/* The waiting file of a user that was touched longest ago. */
static struct incoming_file *
find_oldest(struct incoming *in, int64_t user)
{
	struct incoming_file	*f = in->files, *found = NULL;

	for (; f < in->files + INCOMING_MOST; f++)
		if (is_waiting(f) && f->user == user && (found == NULL ||
		    f->touched_ms < found->touched_ms))
			found = f;
	return found;
}

/*
 * A free place. If there is none, the user with most files loses one, unless
 * the asking user would then have more.
 */
static struct incoming_file *
find_room(struct incoming *in, int64_t user, char ret_victim[DIR_MADE_SIZE])
{
	struct incoming_file	*f = find_free(in);
	int64_t			 heaviest = 0;

	if (f != NULL)
		return f;
	if (find_heaviest(in, &heaviest) <= count_of(in, user) + 1)
		return NULL;
	f = find_oldest(in, heaviest);
	CHECK(f != NULL);
	log_debug("a file of user %lld makes room", (long long)heaviest);
	memcpy(ret_victim, f->name, sizeof(f->name));
	enter_state(f, INCOMING_FREE);
	in->taken--;
	return f;
}

/* The handle that the asker wants, or a random one if that is taken. */
static int64_t
choose_handle(struct incoming *in, int64_t wanted)
{
	int64_t	handle;

	if (wanted > 0 && find_handle(in, wanted) == NULL)
		return wanted;
	CHECK(getrandom(&handle, sizeof(handle), 0) == sizeof(handle));
	return handle & INT64_MAX;
}

/* --- transitions ---------------------------------------------------------- */

struct incoming_file *
incoming_take(struct incoming *in, const struct incoming_offer *offer,
    char ret_victim[DIR_MADE_SIZE])
{
	struct incoming_file	*f;

	ret_victim[0] = '\0';
	pthread_mutex_lock(&in->lock);
	f = find_room(in, offer->user, ret_victim);
	if (f != NULL) {
		*f = (struct incoming_file){ .user = offer->user,
		    .handle = choose_handle(in, offer->handle),
		    .size = offer->size, .touched_ms = clock_ms() };
		f->pinged_ms = f->handle == offer->handle;
		set_peer(f, offer->peer);
		snprintf(f->extension, sizeof(f->extension), "%s",
		    offer->extension);
		enter_state(f, INCOMING_WRITING);
		in->taken++;
	}
	pthread_mutex_unlock(&in->lock);
	return f;
}

struct incoming_file *
incoming_hold(struct incoming *in, int64_t handle, struct text peer)
{
	struct incoming_file	*f;

	pthread_mutex_lock(&in->lock);
	f = find_handle(in, handle);
	if (f != NULL && f->state == INCOMING_FILLING && !f->dropped) {
		enter_state(f, INCOMING_WRITING);
		set_peer(f, peer);
	} else
		f = NULL;
	pthread_mutex_unlock(&in->lock);
	return f;
}

void
incoming_release(struct incoming *in, struct incoming_file *f,
    enum incoming_state state)
{
	pthread_mutex_lock(&in->lock);
	enter_state(f, state);
	f->touched_ms = clock_ms();
	pthread_mutex_unlock(&in->lock);
}

void
incoming_free(struct incoming *in, struct incoming_file *f,
    char ret_name[DIR_MADE_SIZE])
{
	pthread_mutex_lock(&in->lock);
	memcpy(ret_name, f->name, sizeof(f->name));
	enter_state(f, INCOMING_FREE);
	in->taken--;
	pthread_mutex_unlock(&in->lock);
}

struct incoming_file *
incoming_drop(struct incoming *in, int64_t handle)
{
	struct incoming_file	*f;

	pthread_mutex_lock(&in->lock);
	f = find_handle(in, handle);
	if (f != NULL)
		f->dropped = true;
	if (f != NULL && is_waiting(f))
		enter_state(f, INCOMING_LEAVING);
	else
		f = NULL;
	pthread_mutex_unlock(&in->lock);
	return f;
}

bool
incoming_claim(struct incoming *in, struct text name)
{
	struct incoming_file	*f;
	bool			 is;

	pthread_mutex_lock(&in->lock);
	f = find_name(in, name);
	is = f != NULL && f->state == INCOMING_SEALED && !f->dropped;
	if (is) {
		enter_state(f, INCOMING_CLAIMED);
		f->touched_ms = clock_ms();
	}
	pthread_mutex_unlock(&in->lock);
	return is;
}

void
incoming_unclaim(struct incoming *in, struct text name)
{
	struct incoming_file	*f;

	pthread_mutex_lock(&in->lock);
	f = find_name(in, name);
	if (f != NULL)
		enter_state(f, INCOMING_SEALED);
	pthread_mutex_unlock(&in->lock);
}

void
incoming_heard(struct incoming *in, struct text peer, int64_t now_ms)
{
	pthread_mutex_lock(&in->lock);
	for (size_t i = 0; i < INCOMING_MOST && in->taken > 0; i++)
		if (in->files[i].pinged_ms != 0 &&
		    comes_from(&in->files[i], peer))
			in->files[i].pinged_ms = now_ms;
	pthread_mutex_unlock(&in->lock);
}

/* --- giving up ------------------------------------------------------------ */

static bool
is_given_up(const struct incoming_file *f, int64_t now_ms)
{
	return f->dropped || now_ms - f->touched_ms > INCOMING_LIFE_MS ||
	    (f->pinged_ms != 0 && now_ms - f->pinged_ms > INCOMING_SILENT_MS);
}

bool
incoming_give_up(struct incoming *in, struct incoming_file *f, int64_t now_ms)
{
	bool	is;

	pthread_mutex_lock(&in->lock);
	is = is_waiting(f) && is_given_up(f, now_ms);
	if (is)
		enter_state(f, INCOMING_LEAVING);
	pthread_mutex_unlock(&in->lock);
	return is;
}

bool
incoming_is_claimed(struct incoming *in, struct incoming_file *f,
    int64_t now_ms, char ret_name[DIR_MADE_SIZE], bool *ret_late)
{
	bool	is;

	pthread_mutex_lock(&in->lock);
	is = f->state == INCOMING_CLAIMED;
	*ret_late = is && is_given_up(f, now_ms);
	memcpy(ret_name, f->name, is ? sizeof(f->name) : 0);
	pthread_mutex_unlock(&in->lock);
	return is;
}

bool
incoming_end_claim(struct incoming *in, struct incoming_file *f,
    const char *name)
{
	bool	is;

	pthread_mutex_lock(&in->lock);
	is = f->state == INCOMING_CLAIMED && strcmp(f->name, name) == 0;
	if (is) {
		enter_state(f, INCOMING_FREE);
		in->taken--;
	}
	pthread_mutex_unlock(&in->lock);
	return is;
}

unsigned
incoming_count(struct incoming *in)
{
	unsigned	count;

	pthread_mutex_lock(&in->lock);
	count = in->taken;
	pthread_mutex_unlock(&in->lock);
	return count;
}

unsigned
incoming_count_of(struct incoming *in, int64_t user)
{
	unsigned	count;

	pthread_mutex_lock(&in->lock);
	count = count_of(in, user);
	pthread_mutex_unlock(&in->lock);
	return count;
}
