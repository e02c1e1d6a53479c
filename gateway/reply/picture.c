/* Types and tags of pictures. */
#include "gateway/reply/picture.h"

#include "gateway/reply/etag.h"
#include "gateway/reply/fault.h"

/* Content-Type without its parameters, in small letters; empty: none. */
static struct text
media_type(struct exchange *x)
{
	ssize_t		 at = h2o_find_header(&x->req->headers,
			    H2O_TOKEN_CONTENT_TYPE, -1);
	h2o_iovec_t	 type;
	const char	*end;

	if (at == -1)
		return TEXT_OF("");
	type = x->req->headers.entries[at].value;
	end = memchr(type.base, ';', type.len);
	if (end != NULL)
		type.len = (size_t)(end - type.base);
	while (type.len > 0 && type.base[type.len - 1] == ' ')
		type.len--;
	type = h2o_strdup(&x->req->pool, type.base, type.len);
	h2o_strtolower(type.base, type.len);
	return (struct text){ type.base, type.len };
}

static bool
is_picture(struct text type)
{
	return h2o_memis(type.base, type.len, H2O_STRLIT("image/png")) ||
	    h2o_memis(type.base, type.len, H2O_STRLIT("image/jpeg")) ||
	    h2o_memis(type.base, type.len, H2O_STRLIT("image/gif"));
}

enum flow
picture_decode(struct exchange *x)
{
	h2o_iovec_t	entity = x->req->entity;
	struct text	type = media_type(x);

	if (!is_picture(type))
		return respond_error(x, ERR_BAD_MEDIA_TYPE, "Send the picture "
		    "itself as the body, with Content-Type: image/png, "
		    "image/jpeg or image/gif.");
	if (entity.len == 0)
		return fault_refuse(x, FAULT_EMPTY, TEXT_OF(""),
		    "The body is empty; it must be the picture itself.");
	if (entity.len > AVATAR_MOST_BYTES)
		return respond_errorf(x, ERR_BODY_TOO_LARGE,
		    "A picture has at most %d bytes.", AVATAR_MOST_BYTES);
	args_put_text(&x->args, KEY_BODY,
	    (struct text){ entity.base, entity.len });
	args_put_text(&x->args, KEY_MEDIA_TYPE, type);
	return FLOW_NEXT;
}

/* The tag is of the bytes: names of imported pictures were not made by us. */
enum flow
picture_answer(struct exchange *x)
{
	struct text	bytes = args_text(&x->answer->extra, KEY_BODY);
	struct text	type = args_text(&x->answer->extra, KEY_MEDIA_TYPE);
	char		etag[ETAG_SIZE];
	h2o_iovec_t	body, tag;

	etag_print(bytes, etag);
	tag = h2o_iovec_init(etag, strlen(etag));
	respond_header(x, "ETag", etag);
	h2o_set_header(&x->req->pool, &x->req->res.headers,
	    H2O_TOKEN_CACHE_CONTROL, H2O_STRLIT("private, max-age=86400"), 1);
	respond_header(x, "X-Content-Type-Options", "nosniff");
	if (etag_client_has(x, &tag))
		return respond_body(x, 304, NULL, (struct text){ "", 0 });
	/* the answer lives no longer than this stage */
	body = h2o_strdup(&x->req->pool, bytes.base, bytes.len);
	return respond_body(x, 200, respond_type(x, type).base,
	    (struct text){ body.base, body.len });
}
