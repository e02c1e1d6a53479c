/* Quotes of a shell. */
#include "tools/flicketctl/cli/shell.h"

/* Mean nothing to a shell, wherever they are in a word. */
#define PLAIN \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" \
	"_-./,:+@%"

void
shell_put_quoted(struct buf *b, const char *text)
{
	buf_put_byte(b, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_put_text(b, "'\\''");
		else
			buf_put_byte(b, *text);
	buf_put_byte(b, '\'');
}

const char *
shell_word(struct buf *b, const char *text)
{
	b->len = 0;
	if (text[0] == '\0' || text[strspn(text, PLAIN)] != '\0')
		shell_put_quoted(b, text);
	else
		buf_put_text(b, text);
	buf_put_byte(b, '\0');
	return b->base;
}
