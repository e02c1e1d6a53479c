/*
 * flicketctl verify: whether a desk, or a backup, is whole. Each store is
 * checked, and the stores are compared with each other, as of one point
 * (backup_cut.h). Nothing is changed.
 *
 * Events that are not delivered explain differences. If there are any from one
 * service to another, the tests that compare these two are left out, and a
 * note says so. Totals are compared all the same, with those events added.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/visible.h"
#include "proto/frame.h"
#include "services/store/migrate.h"
#include "services/store/store.h"
#include "tools/flicketctl/backup/backup_cut.h"
#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/backup_judge.h"
#include "tools/flicketctl/backup/manifest.h"
#include "tools/flicketctl/backup/verify.h"
#include "tools/flicketctl/backup/verify_findings.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/desk/peers.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/stores.h"

enum {
	STATUS_UNREADABLE = STATUS_NOTHING
};

/* --- each store ---------------------------------------------------------------- */

static void
verify_stores(struct verify *v)
{
	struct judge	j = { .found = verify_take_down, .arg = v,
			    .quick = v->quick };
	bool		sound;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		v->failed = !judge_store(&j, &v->cut, (enum service_id)id,
		    &sound) || v->failed;
		v->is_sound = v->is_sound && sound;
	}
}

static void
compare_schema(struct verify *v, enum service_id id)
{
	const char	*name = service_name(id);
	int64_t		 have = 0, newest = store_newest_schema(cut_services[id]);

	v->failed = !cut_number(&v->cut, &have, "PRAGMA \"%s\".user_version",
	    name) || v->failed;
	if (have == newest)
		return;
	v->same_schema = false;
	verify_note(v, "the %s store has schema %lld, this program's is %lld: stores "
	    "are not compared with each other", name, (long long)have,
	    (long long)newest);
}

/*
 * Count the events under way. Those that the consumer has applied only wait for
 * their acknowledgement, and do not count.
 */
static void
check_outbox(struct verify *v, enum service_id from, enum service_id to)
{
	int64_t	count = 0;

	v->failed = !cut_number(&v->cut, &count, "SELECT count(*) FROM "
	    "\"%s\".outbox WHERE consumer = %d AND seq > ifnull((SELECT seq FROM \"%s\"."
	    "inbox WHERE source = %d AND stream = (SELECT stream FROM "
	    "\"%s\".identity)), 0)", service_name(from), to,
	    service_name(to), from, service_name(from)) || v->failed;
	if (count == 0)
		return;
	v->under_way[to] |= 1u << from;
	verify_note(v, "%lld events of the %s service are not delivered to the %s "
	    "service", (long long)count, service_name(from),
	    service_name(to));
}

/* Report events that were set aside: their effects are missing. */
static void
check_set_aside(struct verify *v)
{
	struct found	 f = { 0 };
	struct select	 r;
	char		 example[160];

	for (unsigned id = 1; id < SERVICE_END; id++) {
		const char	*name = service_name((enum service_id)id);

		r = select_begin_with(v->cut.db, "SELECT seq, op, error FROM "
		    "\"%s\".set_aside ORDER BY seq", name);
		while (verify_next(v, &r)) {
			const char	*event = op_info((uint64_t)
					    select_number(&r, 1))->name;

			snprintf(example, sizeof(example), "%s %s: %s: %s",
			    name, select_text(&r, 0), event == NULL ? "?" : event,
			    select_number(&r, 2) == OK ?
			    "waits for an earlier one" : err_info((uint64_t)
			    select_number(&r, 2))->reason);
			verify_found(&f, example);
		}
	}
	verify_found_done(v->findings, "events", "events that were refused for good "
	    "and set aside", &f);
}

/* --- between stores -------------------------------------------------------------- */

static bool
is_explained(const struct verify *v, const struct verify_test *t)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		if ((t->to & 1u << id) != 0 &&
		    (v->under_way[id] & t->from) != 0)
			return true;
	return false;
}

static void
run_tests(struct verify *v)
{
	struct found	f = { 0 };
	struct select	r;

	for (const struct verify_test *t = verify_tests; t->name != NULL; t++) {
		if (t->ours && v->taken_over)
			continue;
		if (is_explained(v, t)) {
			verify_note(v, "not looked for, as events are under way: %s",
			    t->what);
			continue;
		}
		r = select_begin(v->cut.db, t->sql);
		while (verify_next(v, &r))
			verify_found(&f, select_text(&r, 0));
		verify_found_done(v->findings, t->name, t->what, &f);
	}
}

/* --- the run ---------------------------------------------------------------------- */

/* Judge the backup and, if it is sound, open its stores. */
static bool
open_backup(struct verify *v, const char *dir)
{
	static struct buf	path;
	struct judge		j = { .found = verify_take_down, .arg = v,
				    .quick = v->quick };

	path_absolute(&path, dir);
	j.path = path.base;
	v->failed = !judge_backup(&j);
	v->is_sound = !v->failed && j.is_sound;
	/* a message about the manifest was printed */
	if (j.manifest == NULL)
		return false;
	json_decref(j.manifest);
	return !v->is_sound || cut_connect_backup(&v->cut, path.base);
}

static bool
open_desk(struct verify *v)
{
	if (!peers_enter(&v->settings, NULL) ||
	    !cut_connect(&v->cut) || !cut_make(&v->cut, &v->settings))
		return false;
	v->is_sound = true;
	verify_stores(v);
	return true;
}

static void
check_contents(struct verify *v)
{
	v->same_schema = true;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		compare_schema(v, (enum service_id)id);
		for (unsigned to = 1; to < SERVICE_END; to++)
			check_outbox(v, (enum service_id)id,
			    (enum service_id)to);
	}
	if (!v->is_backup)
		verify_files(v);
	if (!v->same_schema || v->failed)
		return;
	check_set_aside(v);
	run_tests(v);
	verify_totals(v);
	if (!v->quick)
		verify_words(v);
}

static void
check_all(struct verify *v)
{
	int64_t	mark = 0;

	if (!v->is_sound) {
		verify_note(v, "stores are not compared with each other, as their "
		    "schemas are wrong");
		return;
	}
	v->failed = !cut_number(&v->cut, &mark, "PRAGMA user.application_id") ||
	    v->failed;
	v->taken_over = mark == STORE_TAKEN_OVER;
	check_contents(v);
}

static void
print_finding(const json_t *finding)
{
	const json_t	*examples = json_object_get(finding, "examples");

	visible_printf(stdout, "%s: %lld %s\n", member_text(finding, "test"),
	    (long long)member_number(finding, "count"),
	    member_text(finding, "what"));
	for (size_t i = 0; i < json_array_size(examples); i++)
		visible_printf(stdout, "    %s\n",
		    json_string_value(json_array_get(examples, i)));
}

static void
print_findings(const struct verify *v)
{
	for (size_t i = 0; i < json_array_size(v->findings); i++)
		print_finding(json_array_get(v->findings, i));
	for (size_t i = 0; i < json_array_size(v->notes); i++)
		visible_printf(stdout, "note: %s\n",
		    json_string_value(json_array_get(v->notes, i)));
	printf("%zu findings\n", json_array_size(v->findings));
}

int
verify_run(const struct cli *c)
{
	static struct verify	 v;
	json_t			*root;
	int			 status = STATUS_OK;

	settings_load(&v.settings);
	v.quick = cli_has(c, "quick");
	v.findings = json_array();
	v.notes = json_array();
	CHECK(sodium_init() != -1);
	stop_catch_signals();
	v.is_backup = cli_arg(c, 0, NULL) != NULL;
	if (!(v.is_backup ? open_backup(&v, cli_arg(c, 0, NULL)) :
	    open_desk(&v)))
		return STATUS_UNREADABLE;
	check_all(&v);
	if (cli_has(c, "json")) {
		root = json_pack("{s:s, s:O, s:O}", "result", v.failed ?
		    "unreadable" : json_array_size(v.findings) > 0 ?
		    "findings" : "ok", "findings", v.findings, "notes",
		    v.notes);
		member_print(root);
		json_decref(root);
	} else
		print_findings(&v);
	if (v.failed)
		status = STATUS_UNREADABLE;
	else if (json_array_size(v.findings) > 0)
		status = STATUS_FAILED;
	cut_close(&v.cut);
	json_decref(v.findings);
	json_decref(v.notes);
	return status;
}
