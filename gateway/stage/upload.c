/* Forms, and chunks of which a few are under way at once. */
#include "gateway/stage/upload.h"

#include <sodium.h>

#include "base/line.h"
#include "base/number.h"
#include "gateway/http/header.h"
#include "gateway/http/multipart.h"
#include "gateway/reply/fault.h"

#define INTEGER_MOST	23	/* bytes of an integer in a form */
#define CHUNK_BYTES	((size_t)65536)
#define WINDOW		4	/* chunks under way; each is a part */
#define DROP_MS		60000	/* in which the service is told so */

enum step { BEGIN, FILL, SEAL, OVER };

struct upload {
	struct text	content;
	struct text	filename;
	size_t		sent;
	unsigned	waiting;	/* for so many chunks' answers */
	enum step	step;
	bool		begun;		/* the service may have some of it */
	int64_t		handle;		/* of the file, with the service */
};

/* --- the form ------------------------------------------------------------------ */

/* Folders are the sender's own (RFC 7578, 4.2). */
static struct text
without_folders(struct text name)
{
	for (size_t i = name.len; i > 0; i--)
		if (name.base[i - 1] == '/' || name.base[i - 1] == '\\')
			return (struct text){ name.base + i, name.len - i };
	return name;
}

static enum flow
check_filename(struct exchange *x)
{
	const enum key	key = KEY_ORIGINAL_FILENAME;
	struct text	name = args_text(&x->args, key);
	char		message[ARGS_MISFIT_SIZE];
	enum fault_code	code;

	if (name.len == 0)
		return fault_refuse(x, FAULT_EMPTY, TEXT_OF("file"),
		    "file: none was chosen, its name is empty.");
	if (text_characters(name) == -1)
		return fault_refuse(x, FAULT_BAD_CHARACTER, TEXT_OF("file"),
		    "file: its name is not UTF-8, or has U+0000.");
	if (args_in_bounds(key, args_value(&x->args, key)))
		return FLOW_NEXT;
	code = args_say_misfit(key, "file: its name", name, message,
	    sizeof(message));
	return fault_refuse(x, code, TEXT_OF("file"), "%s", message);
}

static enum flow
take_file(struct exchange *x, const struct part *part)
{
	struct upload	*u = x->upload;
	struct text	 name = line_trim(without_folders(part->filename));
	h2o_iovec_t	 copy;

	if (!part->is_file)
		return fault_refuse(x, FAULT_WRONG_TYPE, TEXT_OF("file"),
		    "file: it must be a file, with a filename.");
	if (u->filename.base != NULL)
		return fault_refuse(x, FAULT_REPEATED, TEXT_OF("file"),
		    "file: only one can be sent at a time.");
	copy = h2o_strdup(&x->req->pool, name.base, name.len);
	u->filename = (struct text){ copy.base, copy.len };
	u->content = part->content;
	args_put_text(&x->args, KEY_ORIGINAL_FILENAME, u->filename);
	return check_filename(x);
}

/* The field is not empty. */
static bool
read_integer_field(struct text t, int64_t *ret)
{
	return t.len <= INTEGER_MOST && t.base[0] != '+' &&
	    number_read(t, INT64_MIN, INT64_MAX, ret);
}

static enum flow
take_number_field(struct exchange *x, enum key key, const struct part *part)
{
	const char	*name = key_info(key)->name;
	int64_t		 number;

	if (part->is_file)
		return fault_refuse(x, FAULT_WRONG_TYPE, text_of(name),
		    "%s must be a field, not a file.", name);
	if (args_has(&x->args, key))
		return fault_refuse(x, FAULT_REPEATED, text_of(name),
		    "%s is given twice.", name);
	/* forms send fields that were not filled in */
	if (part->content.len == 0)
		return FLOW_NEXT;
	if (!read_integer_field(part->content, &number))
		return fault_refuse(x, FAULT_WRONG_TYPE, text_of(name),
		    "%s must be an integer.", name);
	args_put_number(&x->args, key, number);
	return FLOW_NEXT;
}

static enum flow
take_form_part(struct exchange *x, const struct part *part)
{
	int		shown = part->name.len > 60 ? 60 : (int)part->name.len;
	enum key	key;

	if (text_same(part->name, TEXT_OF("file")))
		return take_file(x, part);
	key = key_find_text(part->name, x->route->given);
	if (key != KEY_END)
		return take_number_field(x, key, part);
	return fault_refuse(x, FAULT_UNKNOWN_FIELD, part->name,
	    "There is no field \"%.*s\" here.", shown,
	    part->name.base);
}

/*
 * Two uploads are the same if the fields of their forms are: a client that sends
 * one again may well make up another boundary.
 */
static void
put_form_digest(struct exchange *x)
{
	crypto_generichash_state	 state;
	unsigned char			*digest;
	const struct upload		*u = x->upload;
	int64_t				 numbers[3] = {
		args_number(&x->args, KEY_TICKET_ID, INT64_MIN),
		args_number(&x->args, KEY_POST_ID, INT64_MIN),
		(int64_t)u->filename.len
	};

	if (header_value(x->req, "idempotency-key").len == 0)
		return;
	digest = h2o_mem_alloc_pool(&x->req->pool, crypto_generichash_BYTES);
	crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES);
	crypto_generichash_update(&state, (const unsigned char *)numbers,
	    sizeof(numbers));
	crypto_generichash_update(&state, (const unsigned char *)
	    u->filename.base, u->filename.len);
	crypto_generichash_update(&state, (const unsigned char *)
	    u->content.base, u->content.len);
	crypto_generichash_final(&state, digest, crypto_generichash_BYTES);
	args_put_text(&x->args, KEY_DIGEST,
	    (struct text){ (const char *)digest, crypto_generichash_BYTES });
}

enum flow
upload_decode(struct exchange *x)
{
	struct upload		*u = h2o_mem_alloc_pool(&x->req->pool,
				    sizeof(*u));
	struct text		 body = { x->req->entity.base,
				    x->req->entity.len };
	struct multipart	 m;
	struct part		 part;
	enum multipart_result	 result;
	enum flow		 flow;

	*u = (struct upload){ .step = BEGIN };
	x->upload = u;
	result = multipart_begin(&m, header_value(x->req, "content-type"),
	    body);
	while (result == MULTIPART_PART) {
		result = multipart_next(&m, &part);
		if (result != MULTIPART_PART)
			break;
		flow = take_form_part(x, &part);
		if (flow != FLOW_NEXT)
			return flow;
	}
	if (result == MULTIPART_OTHER)
		return respond_error(x, ERR_BAD_MEDIA_TYPE, "Send a form with "
		    "the file, with Content-Type: multipart/form-data.");
	if (result == MULTIPART_BAD)
		return fault_refuse(x, FAULT_INVALID_FORM, TEXT_OF(""),
		    "The body is not multipart/form-data: %s.",
		    m.wrong);
	if (u->filename.base == NULL)
		return fault_refuse(x, FAULT_REQUIRED, TEXT_OF("file"),
		    "file is missing.");
	put_form_digest(x);
	return FLOW_NEXT;
}

/* --- to the post service -------------------------------------------------------- */

static void	send_chunks(struct exchange *);

/* The disk of the service may take its time, as a login's hash does. */
static void
ask_post_service(struct exchange *x, unsigned part, enum op_code op,
    struct args *args)
{
	struct upload	*u = x->upload;

	args_put_number(args, KEY_HANDLE, u->handle);
	exchange_ask_part(x, part, op, args,
	    x->worker->gateway->settings->login_timeout_ms);
}

static void
refuse_upload(struct exchange *x, const struct answer *a)
{
	struct upload	*u = x->upload;

	u->step = OVER;
	respond_refusal(x, a);
}

static void
seal_file(struct exchange *x)
{
	struct upload	*u = x->upload;
	struct args	 args = { 0 };

	u->step = SEAL;
	ask_post_service(x, 0, OP_FILE_SEAL, &args);
}

/* On to the next stage, which has its own time. */
static void
finish_upload(struct exchange *x, const struct answer *a)
{
	struct upload	*u = x->upload;
	struct text	 name = args_text(&a->extra, KEY_FILENAME);
	h2o_iovec_t	 copy = h2o_strdup(&x->req->pool, name.base, name.len);

	u->step = OVER;
	args_put_text(&x->args, KEY_FILENAME,
	    (struct text){ copy.base, copy.len });
	exchange_renew_deadline(x);
	exchange_continue(x);
}

static void
on_chunk_answer(struct exchange *x, unsigned part, const struct answer *a)
{
	struct upload	*u = x->upload;

	(void)part;
	if (u->step == OVER)
		return;
	if (a->error != OK) {
		refuse_upload(x, a);
		return;
	}
	switch (u->step) {
	case BEGIN:
		u->handle = args_number(&a->extra, KEY_HANDLE, u->handle);
		u->step = FILL;
		send_chunks(x);
		break;
	case FILL:
		u->waiting--;
		send_chunks(x);
		break;
	default:
		finish_upload(x, a);
	}
}

static unsigned
free_part(const struct exchange *x)
{
	unsigned	part = 0;

	while (x->part_slots[part] != -1)
		part++;
	return part;
}

/* As many chunks as the window has room for; behind the last one the seal. */
static void
send_chunks(struct exchange *x)
{
	struct upload	*u = x->upload;
	struct args	 args;
	size_t		 left;

	while (u->step == FILL && u->waiting < WINDOW &&
	    u->sent < u->content.len) {
		left = u->content.len - u->sent;
		args_clear(&args);
		args_put_number(&args, KEY_OFFSET, (int64_t)u->sent);
		args_put_text(&args, KEY_BODY, (struct text){
		    u->content.base + u->sent,
		    left < CHUNK_BYTES ? left : CHUNK_BYTES });
		u->sent += args_text(&args, KEY_BODY).len;
		u->waiting++;
		ask_post_service(x, free_part(x), OP_FILE_CHUNK, &args);
	}
	if (u->step == FILL && u->waiting == 0)
		seal_file(x);
}

static void
drop_file(struct exchange *x, struct upload *u)
{
	struct args	args = { 0 };

	u->begun = false;
	args_put_number(&args, KEY_HANDLE, u->handle);
	exchange_tell(x, OP_FILE_DROP, &args, DROP_MS);
}

static void
upload_end(struct exchange *x)
{
	struct upload	*u = x->upload;

	if (u->begun)
		drop_file(x, u);
}

/* The handle is ours, so that it can be given back before we are answered. */
static enum flow
begin_file(struct exchange *x)
{
	struct upload	*u = x->upload;
	struct args	 args = { 0 };

	x->on_part = on_chunk_answer;
	x->on_end = upload_end;
	u->begun = true;
	randombytes_buf(&u->handle, sizeof(u->handle));
	u->handle &= INT64_MAX;
	args_put_text(&args, KEY_ORIGINAL_FILENAME, u->filename);
	args_put_number(&args, KEY_SIZE, (int64_t)u->content.len);
	ask_post_service(x, 0, OP_FILE_BEGIN, &args);
	return FLOW_WAIT;
}

enum flow
upload_begin(struct exchange *x)
{
	/* after a jump back the file is there already, and has a name */
	return x->upload != NULL && !args_has(&x->args, KEY_FILENAME) ?
	    begin_file(x) : FLOW_NEXT;
}
