/*
 * The console: files that the build bundles (cmake/console.sh), and the shell
 * that each of its pages is.
 */
#ifndef REPLY_CONSOLE_H
#define REPLY_CONSOLE_H

#include "gateway/reply/embedded.h"

/* A file as the build made it. Names have a hash of the bytes, but *.txt. */
struct console_file {
	const char	*name;		/* below /console/ */
	const char	*type;
	struct embedded	 file;
};

/* The first is the shell, with @ROOT@ where the desk's path comes. */
extern const struct console_file	console_files[];
extern const size_t			console_file_count;

/* Write the desk's path into the shell, before the first request. */
void		console_init(const struct settings *);

/* Whether a path is one of the console's files or pages. */
bool		console_find(struct text path);

/* Answer a path that console_find() knows, for GET and HEAD. */
enum flow	console_answer(struct exchange *, struct text path);

/*
 * Whether a path fits a row of console.tbl: ":id" stands for digits, "*" at the
 * end for anything. Both may have a slash at the end that the other lacks.
 */
bool		console_path_fits(const char *form, struct text path);

#endif
