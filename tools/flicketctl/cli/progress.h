/* A bar on a terminal (standard error), for what takes long. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

/*
 * Show how far something is, 20 times a second at most; without a terminal
 * nothing. The bar stays until progress_clear().
 */
void	progress_show(const char *what, int64_t done, int64_t total);
void	progress_clear(void);

#endif
