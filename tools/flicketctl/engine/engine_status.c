/*
 * flicketctl engine status: for each service where the engine is, who writes, and
 * how far this host's copy is.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/visible.h"
#include "services/engine/copy.h"
#include "services/engine/engine.h"
#include "services/engine/survey.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/term.h"
#include "tools/flicketctl/engine/engine_parts.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/stores.h"

#define TEXT_SIZE	64	/* of a column */

enum copy_state {
	COPY_NONE,	/* this host has none */
	COPY_OWN,	/* it is a store of its own */
	COPY_FOLLOWS,
	COPY_LOST	/* the log does not have its place: it is fetched anew */
};

struct seen {
	const char		*name;
	enum engine_end		 end;		/* DONE: all below is known */
	char			 why[256];
	struct engine_head	 head;
	struct engine_log	 log;
	struct engine_place	 place;		/* of the copy */
	enum copy_state		 copy;
};

static const char *const copy_words[] = {
	[COPY_NONE] = "none", [COPY_OWN] = "no copy", [COPY_FOLLOWS] = "follows",
	[COPY_LOST] = "lost",
};

/* --- looking --------------------------------------------------------------------- */

static bool
ignore_entry(void *arg, struct engine_place place, struct text patch)
{
	(void)arg, (void)place, (void)patch;
	return false;
}

static void
look_at_copy(struct seen *s, struct engine *e, const char *path)
{
	struct sqlite3	*db;
	enum engine_end	 end;

	if (!stores_is_file(path))
		return;
	db = peek_open(path);
	s->place = copy_place(db);
	peek_close(db);
	if (s->place.seq == 0) {
		s->copy = COPY_OWN;
		return;
	}
	end = engine_since(e, s->place, ignore_entry, NULL);
	s->copy = end == ENGINE_GONE ? COPY_LOST : COPY_FOLLOWS;
}

static void
look(struct seen *s, const struct service *service, const char *conninfo,
    bool has_data)
{
	struct engine	*e = engine_new(conninfo, service->id, NULL);

	*s = (struct seen){ .name = service_name(service->id) };
	s->end = engine_look(e, &s->head);
	if (s->end == ENGINE_DONE)
		s->end = engine_measure(e, &s->log);
	if (s->end == ENGINE_DONE && has_data)
		look_at_copy(s, e, paths_store(service->id));
	if (s->end != ENGINE_DONE)
		snprintf(s->why, sizeof(s->why), "%s", engine_error(e));
	engine_destroy(&e);
}

/* --- telling ---------------------------------------------------------------------- */

static int64_t
behind(const struct seen *s)
{
	return s->head.last.seq > s->place.seq ?
	    s->head.last.seq - s->place.seq : 0;
}

static void
put_lease(const struct seen *s, char ret[TEXT_SIZE])
{
	long long	ms = (long long)s->log.lease_ms;

	if (s->head.owner[0] == '\0')
		snprintf(ret, TEXT_SIZE, "-");
	else if (s->log.was_resigned)
		snprintf(ret, TEXT_SIZE, "given up");
	else if (ms > 0)
		snprintf(ret, TEXT_SIZE, "runs");
	else
		snprintf(ret, TEXT_SIZE, "ended %lld s ago", -ms / 1000);
}

static void
put_copy(const struct seen *s, char ret[TEXT_SIZE])
{
	if (s->copy != COPY_FOLLOWS)
		snprintf(ret, TEXT_SIZE, "%s", copy_words[s->copy]);
	else if (behind(s) == 0)
		snprintf(ret, TEXT_SIZE, "at %lld", (long long)s->place.seq);
	else
		snprintf(ret, TEXT_SIZE, "at %lld, %lld behind",
		    (long long)s->place.seq, (long long)behind(s));
}

static void
print_head(void)
{
	term_put(TERM_BOLD, "SERVICE", 9);
	term_put(TERM_BOLD, "ENTRY", 10);
	term_put(TERM_BOLD, "LOG", 22);
	term_put(TERM_BOLD, "COPY HERE", 22);
	term_put(TERM_BOLD, "LEASE", 16);
	term_put(TERM_BOLD, "WRITER", 0);
	putchar('\n');
}

static void
print_row(const struct seen *s)
{
	char	entry[24], log[TEXT_SIZE], text[TEXT_SIZE];

	term_put(TERM_PLAIN, s->name, 9);
	if (s->end != ENGINE_DONE) {
		term_put(TERM_RED, s->why, 0);
		putchar('\n');
		return;
	}
	snprintf(entry, sizeof(entry), "%lld", (long long)s->head.last.seq);
	snprintf(log, sizeof(log), "%lld in %lld KiB",
	    (long long)s->log.entries, (long long)(s->log.bytes >> 10));
	term_put(TERM_PLAIN, entry, 10);
	term_put(TERM_PLAIN, log, 22);
	put_copy(s, text);
	term_put(s->copy == COPY_FOLLOWS ? TERM_PLAIN : TERM_YELLOW, text, 22);
	put_lease(s, text);
	term_put(s->log.lease_ms > 0 ? TERM_GREEN : TERM_YELLOW, text, 16);
	visible_printf(stdout, "%s\n", s->head.owner[0] == '\0' ? "-" :
	    s->head.owner);
}

static json_t *
to_json(const struct seen *s)
{
	bool	known = s->end == ENGINE_DONE;
	json_t	*o = json_pack("{s:s, s:s?}", "service", s->name, "error",
		    known ? NULL : s->why);

	if (!known)
		return o;
	json_object_update_new(o, json_pack("{s:I, s:s?, s:b, s:I}", "entry",
	    (json_int_t)s->head.last.seq, "writer", s->head.owner[0] == '\0' ?
	    NULL : s->head.owner, "lease_runs", s->log.lease_ms > 0,
	    "lease_ms", (json_int_t)s->log.lease_ms));
	json_object_update_new(o, json_pack("{s:I, s:I, s:s, s:I, s:I}",
	    "log_entries", (json_int_t)s->log.entries, "log_bytes",
	    (json_int_t)s->log.bytes, "copy", copy_words[s->copy],
	    "copy_entry", (json_int_t)s->place.seq, "copy_behind",
	    (json_int_t)(s->copy == COPY_FOLLOWS ? behind(s) : 0)));
	return o;
}

static void
print_all_json(const struct seen seen[ENGINE_SERVICES])
{
	json_t	*list = json_array();
	json_t	*root = json_pack("{s:o}", "services", list);

	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		json_array_append_new(list, to_json(&seen[i]));
	member_print(root);
	json_decref(root);
}

static int
judge(const struct seen seen[ENGINE_SERVICES])
{
	int	reached = 0, written = 0;

	for (size_t i = 0; i < ENGINE_SERVICES; i++) {
		reached += seen[i].end != ENGINE_AWAY;
		written += seen[i].end == ENGINE_DONE &&
		    seen[i].log.lease_ms > 0;
	}
	if (reached == 0)
		return STATUS_NOTHING;
	return written == ENGINE_SERVICES ? STATUS_OK : STATUS_FAILED;
}

int
engine_status_run(const struct cli *c)
{
	static struct settings	settings;
	static struct seen	seen[ENGINE_SERVICES];
	bool			has_data;

	if (!engine_settings(&settings))
		return STATUS_NOTHING;
	has_data = chdir(settings.data) == 0;
	for (size_t i = 0; i < ENGINE_SERVICES; i++)
		look(&seen[i], engine_services[i], settings.engine, has_data);
	if (cli_has(c, "json"))
		print_all_json(seen);
	else {
		print_head();
		for (size_t i = 0; i < ENGINE_SERVICES; i++)
			print_row(&seen[i]);
	}
	return judge(seen);
}
