/* A connection to PostgreSQL. */
#include "services/engine/link.h"

#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/*
 * A server that was cut off is noticed within these. The standby's answer to a
 * COMMIT is part of ANSWER_MS; rows in bulk may take longer, if some come.
 */
#define CONNECT_SECONDS	"2"		/* libpq's least, for each host */
#define UNHEARD_MS	"3000"
#define ANSWER_MS	3000
#define COPY_MS		30000

struct link {
	char	*conninfo;
	char	*role;
	PGconn	*conn;
	bool	 warned;
	char	 error[256];
	char	 state[6];
};

/* --- values ------------------------------------------------------------------- */

void
params_put_bytes(struct params *p, struct text bytes)
{
	CHECK(p->count < PARAMS_MOST);
	p->values[p->count] = bytes.base;
	p->lengths[p->count] = (int)bytes.len;
	p->formats[p->count] = 1;
	p->count++;
}

void
params_put_number(struct params *p, int64_t n)
{
	int64_t	*place = &p->numbers[p->count];

	*place = (int64_t)htobe64((uint64_t)n);
	params_put_bytes(p, (struct text){ (const char *)place,
	    sizeof(*place) });
}

struct text
link_bytes(const PGresult *r, int row, int column)
{
	if (PQgetisnull(r, row, column))
		return (struct text){ NULL, 0 };
	return (struct text){ PQgetvalue(r, row, column),
	    (size_t)PQgetlength(r, row, column) };
}

int64_t
link_number(const PGresult *r, int row, int column)
{
	struct text	bytes = link_bytes(r, row, column);
	uint64_t	n = 0;

	if (bytes.base == NULL)
		return 0;
	CHECK(bytes.len == sizeof(n));
	memcpy(&n, bytes.base, sizeof(n));
	return (int64_t)be64toh(n);
}

/* --- what went wrong ------------------------------------------------------------ */

const char *
link_error(const struct link *l)
{
	return l->error;
}

const char *
link_state(const struct link *l)
{
	return l->state;
}

/* libpq's messages have several lines, with tabs in front. */
void
link_set_error(struct link *l, const char *why)
{
	size_t	len = 0;

	for (; *why != '\0' && len + 1 < sizeof(l->error); why++) {
		if (*why == '\t')
			continue;
		if (*why != '\n')
			l->error[len++] = *why;
		else if (why[1] != '\0' && len + 3 < sizeof(l->error)) {
			l->error[len++] = ';';
			l->error[len++] = ' ';
		}
	}
	l->error[len] = '\0';
	l->state[0] = '\0';
}

static void
note_result(struct link *l, const PGresult *r)
{
	const char	*state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char	*why = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	link_set_error(l, why != NULL ? why : PQerrorMessage(l->conn));
	if (state != NULL)
		snprintf(l->state, sizeof(l->state), "%s", state);
}

static void
on_notice(void *arg, const PGresult *r)
{
	struct link	*l = arg;
	const char	*severity;

	severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (severity == NULL || strcmp(severity, "WARNING") != 0)
		return;
	l->warned = true;
	log_warn("engine: %s", PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
}

bool
link_take_warning(struct link *l)
{
	bool	warned = l->warned;

	l->warned = false;
	return warned;
}

/* --- connection ------------------------------------------------------------------- */

struct link *
link_new(const char *conninfo, const char *role)
{
	struct link	*l = must_alloc(sizeof(*l));

	l->conninfo = must_strdup(conninfo);
	l->role = must_strdup(role);
	link_set_error(l, "not connected");
	return l;
}

void
link_close(struct link *l)
{
	if (l->conn != NULL)
		PQfinish(l->conn);
	l->conn = NULL;
}

void
link_destroy(struct link **self_p)
{
	struct link	*l = *self_p;

	if (l == NULL)
		return;
	link_close(l);
	free(l->conninfo);
	free(l->role);
	free(l);
	*self_p = NULL;
}

bool
link_is_open(const struct link *l)
{
	return l->conn != NULL && PQstatus(l->conn) == CONNECTION_OK;
}

/* What the operator's conninfo does not say. */
static const char *
default_of(const struct link *l, const char *keyword)
{
	const char *const	defaults[][2] = {
		{ "user", l->role }, { "application_name", l->role },
		{ "connect_timeout", CONNECT_SECONDS },
		{ "tcp_user_timeout", UNHEARD_MS },
		{ "keepalives_idle", "2" }, { "keepalives_interval", "1" },
		{ "keepalives_count", "2" },
		{ "target_session_attrs", "read-write" },
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (strcmp(keyword, defaults[i][0]) == 0)
			return defaults[i][1];
	return NULL;
}

static PGconn *
connect_with(const struct link *l, const PQconninfoOption *options)
{
	const char	*keywords[PARAMS_MOST + 1], *values[PARAMS_MOST + 1];
	int		 count = 0;

	for (; options->keyword != NULL && count < PARAMS_MOST; options++) {
		keywords[count] = options->keyword;
		values[count] = options->val != NULL ? options->val :
		    default_of(l, options->keyword);
		count += values[count] != NULL;
	}
	keywords[count] = values[count] = NULL;
	return PQconnectdbParams(keywords, values, 0);
}

static bool
connect_now(struct link *l)
{
	PQconninfoOption	*options;
	char			*why = NULL;

	options = PQconninfoParse(l->conninfo, &why);
	if (options == NULL) {
		link_set_error(l, why != NULL ? why : "no memory");
		PQfreemem(why);
		return false;
	}
	l->conn = connect_with(l, options);
	PQconninfoFree(options);
	if (PQstatus(l->conn) == CONNECTION_OK &&
	    PQsetnonblocking(l->conn, 1) == 0) {
		(void)PQsetNoticeReceiver(l->conn, on_notice, l);
		return true;
	}
	link_set_error(l, PQerrorMessage(l->conn));
	link_close(l);
	return false;
}

/*
 * COMMIT waits for the standby. A transaction whose client went silent in it
 * must not keep the row by which writers are told apart. A claim waits for it
 * for less than this end waits for the claim: one that was given up, and was
 * done later, would depose the writer.
 */
static bool
set_up(struct link *l)
{
	struct buf	sql = { 0 };
	bool		ok;

	buf_printf(&sql, "SET synchronous_commit = on; SET "
	    "client_min_messages = warning; SET "
	    "lock_timeout = 2000; SET client_connection_check_interval = 1000; "
	    "SET "
	    "idle_in_transaction_session_timeout = 5000; SET client_encoding = "
	    "'UTF8'; SET search_path = \"%s\"", l->role);
	ok = link_do(l, sql.base);
	buf_done(&sql);
	return ok;
}

bool
link_open(struct link *l, bool (*on_open)(void *arg), void *arg)
{
	if (link_is_open(l))
		return true;
	link_close(l);
	if (!connect_now(l))
		return false;
	l->warned = false;
	if (set_up(l) && on_open(arg))
		return true;
	link_close(l);
	return false;
}

/* --- answers ------------------------------------------------------------------------ */

static bool
lose(struct link *l, const char *why)
{
	link_set_error(l, why);
	link_close(l);
	return false;
}

/* Wait until libpq has something to read, or can write. */
static bool
wait_for(struct link *l, short events, int64_t until_ms)
{
	struct pollfd	fd = { .fd = PQsocket(l->conn), .events = events };
	int64_t		left = until_ms - clock_ms();

	if (left <= 0)
		return lose(l, "the server does not answer in time");
	if (poll(&fd, 1, (int)left) <= 0)
		return true;		/* it is looked at again */
	return (fd.revents & (POLLIN | POLLERR | POLLHUP)) == 0 ||
	    PQconsumeInput(l->conn) != 0 ||
	    lose(l, PQerrorMessage(l->conn));
}

static bool
flush(struct link *l, int64_t until_ms)
{
	int	left;

	while ((left = PQflush(l->conn)) == 1)
		if (!wait_for(l, POLLIN | POLLOUT, until_ms))
			return false;
	return left == 0 || lose(l, PQerrorMessage(l->conn));
}

/* The next result, NULL behind the last. False: the connection is lost. */
static bool
next_result(struct link *l, int64_t until_ms, PGresult **ret)
{
	*ret = NULL;
	if (l->conn == NULL || !flush(l, until_ms))
		return false;
	while (PQisBusy(l->conn))
		if (!wait_for(l, POLLIN, until_ms))
			return false;
	*ret = PQgetResult(l->conn);
	return PQstatus(l->conn) == CONNECTION_OK ||
	    lose(l, PQerrorMessage(l->conn));
}

static bool
is_good(const PGresult *r)
{
	ExecStatusType	status = PQresultStatus(r);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	    status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
}

/* The last result of a statement, or NULL if one of it was bad. */
static PGresult *
take_result(struct link *l, bool sent, int64_t most_ms)
{
	int64_t		 until_ms = clock_ms() + most_ms;
	PGresult	*r, *last = NULL;
	bool		 good = true;

	if (!sent) {
		lose(l, PQerrorMessage(l->conn));
		return NULL;
	}
	while (next_result(l, until_ms, &r) && r != NULL) {
		if (!is_good(r))
			note_result(l, r);
		good = good && is_good(r);
		PQclear(last);
		last = r;
		if (PQresultStatus(r) == PGRES_COPY_IN ||
		    PQresultStatus(r) == PGRES_COPY_OUT)
			break;
	}
	PQclear(l->conn == NULL ? r : NULL);
	if (good && l->conn != NULL)
		return last;
	PQclear(last);
	return NULL;
}

PGresult *
link_query(struct link *l, const char *sql)
{
	if (l->conn == NULL)
		return NULL;
	return take_result(l, PQsendQuery(l->conn, sql) == 1, COPY_MS);
}

bool
link_do(struct link *l, const char *sql)
{
	PGresult	*r = link_query(l, sql);

	PQclear(r);
	return r != NULL;
}

bool
link_prepare(struct link *l, const char *name, const char *sql)
{
	PGresult	*r;

	if (l->conn == NULL)
		return false;
	r = take_result(l, PQsendPrepare(l->conn, name, sql, 0, NULL) == 1,
	    ANSWER_MS);
	PQclear(r);
	return r != NULL;
}

static bool
send_prepared(struct link *l, const char *name, const struct params *p)
{
	static const struct params	none;

	if (p == NULL)
		p = &none;
	return PQsendQueryPrepared(l->conn, name, p->count, p->values,
	    p->lengths, p->formats, 1) == 1;
}

PGresult *
link_run(struct link *l, const char *name, const struct params *p)
{
	return l->conn == NULL ? NULL :
	    take_result(l, send_prepared(l, name, p), ANSWER_MS);
}

/* --- several --------------------------------------------------------------------------- */

bool
link_begin(struct link *l)
{
	return link_is_open(l) && (PQenterPipelineMode(l->conn) == 1 ||
	    lose(l, PQerrorMessage(l->conn)));
}

bool
link_send(struct link *l, const char *name, const struct params *p)
{
	return l->conn != NULL && (send_prepared(l, name, p) ||
	    lose(l, PQerrorMessage(l->conn)));
}

/* Whether a result tells that its statement was not run. */
static bool
is_refusal(struct link *l, const PGresult *r)
{
	if (is_good(r))
		/* of a transaction that cannot be committed any more */
		return PQresultStatus(r) == PGRES_COMMAND_OK &&
		    strcmp(PQcmdStatus((PGresult *)(uintptr_t)r), "ROLLBACK") ==
		    0;
	if (PQresultStatus(r) != PGRES_PIPELINE_ABORTED)
		note_result(l, r);
	return true;
}

/* A pipeline ends at its first error, before its COMMIT. The error stays. */
static void
roll_back(struct link *l)
{
	struct link	failed = *l;

	if (PQtransactionStatus(l->conn) != PQTRANS_IDLE)
		(void)link_do(l, "ROLLBACK");
	memcpy(l->error, failed.error, sizeof(l->error));
	memcpy(l->state, failed.state, sizeof(l->state));
}

enum link_end
link_finish(struct link *l)
{
	int64_t		 until_ms = clock_ms() + ANSWER_MS;
	enum link_end	 end = LINK_DONE;
	PGresult	*r;
	bool		 more = true;

	if (l->conn == NULL || PQpipelineSync(l->conn) != 1) {
		if (l->conn != NULL)
			lose(l, PQerrorMessage(l->conn));
		return LINK_LOST;
	}
	while (more) {
		if (!next_result(l, until_ms, &r)) {
			PQclear(r);
			return LINK_LOST;
		}
		if (r == NULL)
			continue;	/* the end of one statement */
		more = PQresultStatus(r) != PGRES_PIPELINE_SYNC;
		if (more && is_refusal(l, r))
			end = LINK_FAILED;
		PQclear(r);
	}
	if (PQexitPipelineMode(l->conn) != 1) {
		lose(l, PQerrorMessage(l->conn));
		return LINK_LOST;
	}
	if (end == LINK_FAILED)
		roll_back(l);
	return end;
}

/* --- rows in bulk ----------------------------------------------------------------------- */

bool
link_copy_begin(struct link *l, const char *sql, bool is_in)
{
	PGresult	*r = link_query(l, sql);
	bool		 ok;

	ok = r != NULL && PQresultStatus(r) == (is_in ? PGRES_COPY_IN :
	    PGRES_COPY_OUT);
	PQclear(r);
	return ok;
}

bool
link_copy_put(struct link *l, struct text bytes)
{
	int64_t	until_ms = clock_ms() + COPY_MS;
	int	put = 0;

	while (l->conn != NULL && put == 0) {
		put = PQputCopyData(l->conn, bytes.base, (int)bytes.len);
		if (put == -1)
			return lose(l, PQerrorMessage(l->conn));
		if (put == 0 && !wait_for(l, POLLIN | POLLOUT, until_ms))
			return false;
	}
	return l->conn != NULL && flush(l, until_ms);
}

bool
link_copy_end(struct link *l)
{
	PGresult	*r;

	if (l->conn == NULL)
		return false;
	r = take_result(l, PQputCopyEnd(l->conn, NULL) == 1, COPY_MS);
	PQclear(r);
	return r != NULL;
}

struct text
link_copy_take(struct link *l, bool *ret_failed)
{
	int64_t		 until_ms = clock_ms() + COPY_MS;
	PGresult	*r;
	char		*bytes;
	int		 len = 0;

	while (l->conn != NULL && (len = PQgetCopyData(l->conn, &bytes, 1)) == 0)
		if (!wait_for(l, POLLIN, until_ms))
			break;
	*ret_failed = l->conn == NULL;
	if (len > 0)
		return (struct text){ bytes, (size_t)len };
	if (l->conn != NULL) {
		r = take_result(l, true, COPY_MS);
		*ret_failed = r == NULL;
		PQclear(r);
	}
	return (struct text){ NULL, 0 };
}
