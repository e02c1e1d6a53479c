/*
 * The credential of a user: a hash of the stored hash of its password. A
 * password is compared before the write that depends on it, as that takes long.
 * The write has the credential that was compared, and is refused if another one
 * is stored by then.
 */
#ifndef USER_CREDENTIAL_H
#define USER_CREDENTIAL_H

#include "services/user/user.h"

/* Answer CREDENTIAL: that of the stored hash which was compared. */
void		credential_put(struct call *, struct text stored);

/*
 * Whether the stored hash in a statement's first row still has the CREDENTIAL
 * of the call; true if the call has none.
 */
enum err	credential_holds(struct call *, int sql, bool *ret);

#endif
