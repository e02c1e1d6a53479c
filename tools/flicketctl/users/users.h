/* Users, as the operator's tool asks the user service for them. */
#ifndef USERS_USERS_H
#define USERS_USERS_H

#include <jansson.h>

#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/desk/peers.h"

/* A command's connection to the user service. */
struct users {
	struct settings	 settings;
	struct peers	 peers;
	struct peer	*peer;
};

/* False after a message. users_close() is to be called in any case. */
bool	users_open(struct users *);
void	users_close(struct users *);

/* Send a request. False after a message, which may be the service's own. */
bool	users_ask(struct users *, enum op_code, const struct args *,
	    struct answer *ret);

/*
 * All users, an array in the order of their ids: objects with all that is
 * kept. NULL after a message.
 */
json_t	*users_all(struct users *);

/*
 * The user of a username or an address, as a login finds it: exactly, or else the
 * only one that it fits without regard to case. NULL after a message.
 */
json_t	*users_find(struct users *, const char *name);

/* All groups, or NULL after a message. The id of the group of a name, or 0. */
json_t	*users_groups(struct users *);
int64_t	 users_group_id(const json_t *groups, const char *name);

/*
 * Check a text that is to be stored. True: it is not valid, and `ret` says why.
 */
bool	users_misfit(enum key, const char *text, char *ret, size_t size);

/* A name as it is stored, without the blanks at its ends. The caller frees it. */
char	*users_trimmed(const char *name);

/*
 * Add a text to the arguments, which point into it: a name without the blanks
 * at its ends. NULL is left out.
 */
void	users_put(struct args *, enum key, const char *text);

/* Make a user a member; false after a message. */
bool	users_join(struct users *, int64_t user_id, int64_t group_id);

#endif
