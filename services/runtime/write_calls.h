/*
 * Writes, for the writer lane. Users take turns at clients' writes, of which
 * the lane has so many at a time. A write is answered after its COMMIT, so
 * that all who have the answer can read what it wrote, from any process.
 */
#ifndef RUNTIME_WRITE_CALLS_H
#define RUNTIME_WRITE_CALLS_H

#include "services/runtime/lane/lanes.h"
#include "services/runtime/lane/turns.h"

struct svc;

struct write_calls {
	struct lane_args args;
	zactor_t	*lane;		/* NULL: this process does not write */
	struct turns	 waiting;	/* of clients */
	unsigned	 clients;	/* clients' writes in the lane */
	unsigned	 sent;		/* all that the lane has */
};

void	write_calls_init(struct svc *);

/* Start the lane, with the store's lock; and end it. */
void	write_calls_begin(struct svc *, int lock);
void	write_calls_end(struct svc *);

/* Whether the lane has answered all that it was given. */
bool	write_calls_are_done(const struct svc *);

/* A client's write waits for its turn. */
void	write_calls_put(struct svc *, const struct request *, struct text peer);

/* Any other write goes into the lane at once. Our own have an empty peer. */
void	write_calls_send(struct svc *, const struct request *,
	    struct text peer);

/* Give the lane the writes whose turn it is. */
void	write_calls_start(struct svc *);

/* The lane has given a call back. */
void	write_calls_note_done(struct svc *, const struct call *);

#endif
