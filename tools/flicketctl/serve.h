/* flicketctl serve: the five processes of one machine, kept running. */
#ifndef FLICKETCTL_SERVE_H
#define FLICKETCTL_SERVE_H

/*
 * Start the services and the gateway and start each again whenever it dies,
 * until SIGTERM or SIGINT. Returns 0 after an orderly stop, 1 if they could
 * not be started, 2 if one of them refused its settings.
 */
int	serve_main(int argc, char **argv);

#endif
