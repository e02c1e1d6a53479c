/*
 * A process gives up what it does not need before it listens, so that an
 * attacker who takes it over gains little: FLICKET_HARDEN, docs/security.md.
 */
#ifndef PROCESS_HARDEN_H
#define PROCESS_HARDEN_H

#include "base/settings.h"

/*
 * To be called first, before keys are read: no core files, no access to this
 * memory for other processes of the same user, no secret of the settings in the
 * output of `ps`. The settings keep their secrets if keep_secrets.
 */
void	harden_secrets(struct settings *, bool keep_secrets);

/* The same for a tool that asks for passwords, which has no settings yet. */
void	harden_tool(void);

/*
 * Started by root: become the owner of FLICKET_DATA, if that is another user,
 * and keep of root's rights only that of listening at ports below 1024. To be
 * called before settings_enter_data(), and after files were read that only root
 * may read.
 */
void	harden_owner(const struct settings *);

/* A file that will be read, beside those that settings name; before harden(). */
void	harden_read_also(const char *path);

/*
 * Give up for the rest of the process: all privileges, and new ones; all files
 * but run/, stores/STORE and those that must be read; all system calls but those
 * of syscalls.tbl. Without a store (NULL) files are only read. To be called in
 * FLICKET_DATA, before the first thread: threads inherit it.
 */
void	harden(const struct settings *, const char *store);

#endif
