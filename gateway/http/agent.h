/* Which browser and system a client says that it is, for people to tell their
 * sessions apart. Nothing is decided by it. */
#ifndef HTTP_AGENT_H
#define HTTP_AGENT_H

#include <h2o.h>

#define AGENT_SIZE	60

/* Print such as "console, Firefox on Linux"; "console" if it is not known. */
void	agent_print(const h2o_req_t *, char ret[AGENT_SIZE]);

#endif
