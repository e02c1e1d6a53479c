/*
 * What a password was compared with. Hashing takes long, and is done before
 * the write that rests on it: the write is told what was compared, as a hash
 * of what is stored, and is refused if something else is stored by then.
 */
#ifndef USER_CREDENTIAL_H
#define USER_CREDENTIAL_H

#include "services/user/user.h"

/* Answer CREDENTIAL, of the stored password that was compared. */
void		credential_put(struct call *, struct text stored);

/*
 * Whether what a statement finds first is still what was compared; true
 * where no CREDENTIAL came with the call.
 */
enum err	credential_holds(struct call *, int sql, bool *ret);

#endif
