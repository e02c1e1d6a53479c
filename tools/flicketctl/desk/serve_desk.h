/* The desk as its supervisor sees it from outside: address, URL, readiness. */
#ifndef DESK_SERVE_DESK_H
#define DESK_SERVE_DESK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The gateway's address, from the settings or, when it was free to choose,
 * from the file it writes below `data`. False if it is not known yet.
 */
bool	desk_find_address(int data, const char *listen, char *ret,
	    size_t size);

/*
 * The same for whoever looks at a desk: if the environment does not say where
 * the gateway listens, what it wrote into the data folder does, if we are
 * there. What `listen` is, if nothing was written.
 */
void	desk_look_up_address(bool is_there, const char *listen, char *ret,
	    size_t size);

/*
 * Ask the gateway for /readyz: the HTTP status and its body, or 0 and "" if
 * nobody answers within a quarter of a second.
 */
int	desk_ask_ready(const char *address, bool tls, char *ret_body,
	    size_t size);

/* Say what is missing, from a body of /readyz. */
void	desk_say_missing(const char *body, int after_seconds);

/*
 * Say where the desk is and what to try. The password that was made for
 * admin is shown once: its file below `data` is removed.
 */
void	desk_greet(int data, const char *address, bool tls);

#endif
