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
 * The same for other commands. Without FLICKET_LISTEN in the environment it is
 * the address that the gateway wrote into the data folder, if `is_there` says
 * that we are in it; else `listen`.
 */
void	desk_look_up_address(bool is_there, const char *listen, char *ret,
	    size_t size);

/*
 * Ask the gateway for /readyz. Returns the HTTP status and the body, or 0 and
 * "" if no answer comes within a quarter of a second.
 */
int	desk_ask_ready(const char *address, bool tls, char *ret_body,
	    size_t size);

/* Connect to "host:port"; -1: errno says why. It waits a quarter of a second. */
int	desk_dial(const char *address);

/* Whether TLS can be spoken with what listens at an address. */
bool	desk_speaks_tls(const char *address);

/* Log which services are missing, from a body of /readyz. */
void	desk_say_missing(const char *body, int after_seconds);

/*
 * Print the address of the console, who can log in to a demo desk, and commands
 * to try the API with. The password that was made for admin is shown once: its
 * file below `data` is removed. In systemd's journal no password is shown, only
 * how to get that of admin.
 */
void	desk_greet(int data, const char *address, bool tls);

#endif
