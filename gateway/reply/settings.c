/* Settings as JSON; all values are texts, and an empty one is null. */
#include "gateway/reply/settings.h"

#include "base/json.h"
#include "gateway/reply/respond.h"

static void
put_text_or_null(struct buf *b, struct text t)
{
	if (t.len > 0)
		json_put_text(b, t);
	else
		buf_put_text(b, "null");
}

static void
put_value(struct buf *b, const struct settings *s, size_t row)
{
	struct buf	value = { 0 };

	settings_put(&value, s, row);
	put_text_or_null(b, value.len > 0 && settings_is_secret(row) ?
	    TEXT_OF("set") : buf_text(&value));
	buf_done(&value);
}

static void
put_setting(struct buf *b, const struct settings *s, size_t row)
{
	buf_put_text(b, "{\"default\":");
	put_text_or_null(b, text_of(settings_default(row)));
	buf_put_text(b, ",\"help\":");
	json_put_text(b, text_of(settings_help(row)));
	buf_put_text(b, ",\"name\":");
	json_put_text(b, text_of(settings_name(row)));
	buf_put_text(b, ",\"value\":");
	put_value(b, s, row);
	buf_put_byte(b, '}');
}

enum flow
settings_answer(struct exchange *x)
{
	const struct settings	*s = x->worker->gateway->settings;
	struct buf		*b = respond_buffer(x);

	buf_put_text(b, "{\"items\":[");
	for (size_t row = 0; settings_name(row) != NULL; row++) {
		if (row > 0)
			buf_put_byte(b, ',');
		put_setting(b, s, row);
	}
	buf_put_text(b, "]}\n");
	return respond_buffered(x, x->route->status, "application/json");
}
