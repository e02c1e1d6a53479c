/*
 * The keys by which processes know each other (CurveZMQ), as files of the
 * folder FLICKET_KEYS:
 *
 *   public/NAME.public   who NAME is: one line for each key it may have.
 *                        The first is tried first where NAME is a server
 *   NAME/secret          one line; NAME's alone, closed to other users
 *
 * A line is `flicket-curve-public NAME HEX` or `flicket-curve-secret NAME
 * HEX`, HEX being the key's 32 bytes as 64 hexadecimal digits.
 */
#ifndef PEER_KEYRING_H
#define PEER_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/tables.h"

#define CURVE_BYTES	32	/* of a key */
#define CURVE_KEYS	3	/* that a party may have at the same time */
#define CURVE_WHY	512	/* room for an error message */

/* Who has a key: the services, under their numbers, and two more. */
enum party {
	PARTY_NONE = SERVICE_ANY,
#define SERVICE(number, NAME, name, endpoint) PARTY_##NAME = (number),
#include "base/services.tbl"
#undef SERVICE
	PARTY_GATEWAY = SERVICE_END,
	PARTY_CTL,
	PARTY_END
};

enum curve_kind { CURVE_PUBLIC, CURVE_SECRET };

struct curve_key {
	uint8_t	bytes[CURVE_BYTES];
};

struct curve_keys {
	struct curve_key	key[CURVE_KEYS];
	unsigned		count;
};

struct keyring {
	struct curve_key	own_secret;
	struct curve_key	own_public;
	struct curve_keys	of[PARTY_END];
};

const char	*party_name(enum party);

/* The party of a name; PARTY_NONE if the name is not known. */
enum party	 party_find(const char *name, size_t len);

/* Whether talks.tbl lets one talk to the other. */
bool		 party_may_talk(enum party from, enum service_id to);

/* Where a party's key is, below a folder. */
void		 keyring_path(struct buf *ret, const char *folder, enum party,
		    enum curve_kind);

/*
 * Read the text of a key file: at most `most` lines of that kind and party.
 * False, with the reason in why, for anything else.
 */
bool		 keyring_parse(struct text, enum curve_kind, enum party,
		    unsigned most, struct curve_keys *ret,
		    char why[CURVE_WHY]);

/* Read one file. A secret that others may read is refused. */
bool		 keyring_read(const char *folder, enum curve_kind, enum party,
		    struct curve_keys *ret, char why[CURVE_WHY]);

/* Read what a party needs: its own secret and the public keys of all. */
bool		 keyring_load(struct keyring *ret, const char *folder,
		    enum party self, char why[CURVE_WHY]);

/* The public key that belongs to a secret one. */
void		 keyring_derive(const struct curve_key *secret,
		    struct curve_key *ret);

/* The party that has this public key; PARTY_NONE if none has. */
enum party	 keyring_whose(const struct keyring *, const uint8_t *bytes);

/*
 * A hash of the inodes, sizes, modes and times of the files that
 * keyring_load() reads: it changes when one of them does.
 */
uint64_t	 keyring_stamp(const char *folder, enum party self);

#endif
