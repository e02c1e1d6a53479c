/* The five processes: started, started again, told to end. */
#ifndef DESK_SERVE_CHILDREN_H
#define DESK_SERVE_CHILDREN_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* In the order they are started; the gateway is the first to be stopped. */
enum { FIRST_SERVICE, LAST_SERVICE = 3, GATEWAY, CHILDREN };

struct child {
	pid_t	pid;		/* 0: not running */
	pid_t	leaving;	/* the one before it, that ends; 0: none */
	bool	told;		/* to end: its end is no death */
	bool	force_new;	/* --force-new, at its next start */
	int64_t	started_ms;
	int64_t	start_ms;	/* not running: when to start it */
	int64_t	pause_ms;	/* what the next start has to wait */
};

struct children {
	char		folder[PATH_MAX];	/* where the programs are */
	int		listener;		/* the gateway's */
	struct child	all[CHILDREN];
};

/* Milliseconds of a clock that cannot be set. */
int64_t	now_ms(void);

/* The program that child i runs. */
const char *children_name(int i);

/* Find the programs beside this one. 0, or -1 after a message. */
int	children_find(struct children *);

/* Start those that do not run and need not wait any longer. */
void	children_start_due(struct children *);

/* When the next one is to be started; INT64_MAX if all run. */
int64_t	children_next_start(const struct children *);

/*
 * Learn which child has ended, and its status as from wait(2). False: none has.
 * It is not started again before children_restart().
 */
bool	children_reap(struct children *, int *ret_i, int *ret_status);

/*
 * Log how a child ended, which its status says, and have it started again; at
 * once if it ran for long enough.
 */
void	children_restart(struct children *, int i, int status);

/*
 * Replace a child. A new gateway starts at once and takes new connections from
 * the socket that both have; a new service starts when the old one has ended.
 */
void	children_replace(struct children *, int i);

/* End a process that does not end by itself. */
void	children_kill(const struct children *, int i, pid_t);

/* Send a signal to those of first to last that run. */
void	children_signal(const struct children *, int first, int last,
	    int signo);

/* Ask first to last to end. */
void	children_end(const struct children *, int first, int last);

bool	children_alive(const struct children *, int first, int last);

#endif
