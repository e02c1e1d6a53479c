/*
 * What a process gives up before it listens to anybody, so that whoever finds
 * a hole in it has gained little: FLICKET_HARDEN, docs/security.md.
 */
#ifndef BASE_HARDEN_H
#define BASE_HARDEN_H

#include "base/settings.h"

/*
 * First of all, before there are keys: no core, nobody of the same user looks
 * into our memory, no password in what `ps` shows. It stays in the settings
 * where keep_password.
 */
void	harden_secrets(struct settings *, bool keep_password);

/* The same for a tool that asks for passwords, which has no settings yet. */
void	harden_tool(void);

/*
 * Started by root: become the owner of FLICKET_DATA if that is somebody else,
 * with nothing of root but that ports below 1024 can be listened at. Before
 * settings_enter_data(), after what only root may read was read.
 */
void	harden_owner(const struct settings *);

/*
 * For good: no privileges, no new ones, no files but those of run/ and
 * stores/STORE and what must be read, no system calls but those of
 * syscalls.tbl. Without a store (NULL) files are only read. Called in
 * FLICKET_DATA, before there are threads: they inherit it.
 */
void	harden(const struct settings *, const char *store);

#endif
