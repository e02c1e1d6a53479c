/* What the service manager is told of the desk, as by sd_notify(3). */
#ifndef DESK_NOTIFY_H
#define DESK_NOTIFY_H

/*
 * Take the manager's socket from the environment (NOTIFY_SOCKET), which
 * children then do not have. Once, before the others.
 */
void	notify_take(void);

/*
 * Tell "READY=1", "STATUS=...", lines with a newline between. Without a
 * manager, or if it cannot be reached, nothing is done.
 */
void	notify_tell(const char *state);

#endif
