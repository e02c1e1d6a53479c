/*
 * Characters that are not UTF-8. Both servers' names of a character set are
 * listed with iconv's. Those in which a quote or a backslash can be the second byte of
 * a character (gbk, sjis, big5 ...) would need a reader of their own: refused.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

static const struct {
	const char	*name;
	const char	*iconv;		/* NULL: bytes stay as they are */
} charsets[] = {
	{ "utf8mb4", NULL }, { "utf8mb3", NULL }, { "utf8", NULL },
	{ "UTF-8", NULL }, { "UNICODE", NULL }, { "ascii", NULL },
	{ "SQL_ASCII", NULL },
	/* MySQL's latin1 is Windows' */
	{ "latin1", "CP1252" }, { "WIN1252", "CP1252" },
	{ "latin2", "ISO-8859-2" }, { "latin5", "ISO-8859-9" },
	{ "latin7", "ISO-8859-13" }, { "latin9", "ISO-8859-15" },
	{ "cp1250", "CP1250" }, { "cp1251", "CP1251" },
	{ "cp1256", "CP1256" }, { "cp1257", "CP1257" },
	{ "cp850", "CP850" }, { "cp852", "CP852" }, { "cp866", "CP866" },
	{ "koi8r", "KOI8-R" }, { "koi8u", "KOI8-U" },
	{ "greek", "ISO-8859-7" }, { "hebrew", "ISO-8859-8" },
	{ "WIN1250", "CP1250" }, { "WIN1251", "CP1251" },
	{ "WIN1253", "CP1253" }, { "WIN1254", "CP1254" },
	{ "WIN1255", "CP1255" }, { "WIN1256", "CP1256" },
	{ "WIN1257", "CP1257" }, { "WIN1258", "CP1258" },
	{ "ISO_8859_5", "ISO-8859-5" }, { "ISO_8859_6", "ISO-8859-6" },
	{ "ISO_8859_7", "ISO-8859-7" }, { "ISO_8859_8", "ISO-8859-8" }
};

void
charset_open(struct dump *d)
{
	d->converter = iconv_open("UTF-8", "UTF-8");
	d->charset = d->converter == (iconv_t)-1 ? CHARSET_UTF8 :
	    CHARSET_UNSAID;
}

static void
open_converter(struct dump *d, const char *from)
{
	/* PostgreSQL's LATIN1 is the standard's */
	if (d->dialect == DUMP_POSTGRES && strcasecmp(d->charset_name,
	    "latin1") == 0)
		from = "ISO-8859-1";
	d->converter = iconv_open("UTF-8", from);
	d->charset = d->converter == (iconv_t)-1 ? CHARSET_REFUSED :
	    CHARSET_CONVERTED;
}

void
charset_set(struct dump *d, const char *name)
{
	charset_close(d);
	d->charset = CHARSET_REFUSED;
	snprintf(d->charset_name, sizeof(d->charset_name), "%s", name);
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		if (strcasecmp(name, charsets[i].name) != 0)
			continue;
		if (charsets[i].iconv == NULL)
			d->charset = CHARSET_UTF8;
		else
			open_converter(d, charsets[i].iconv);
		return;
	}
}

/*
 * A byte that is no character: MySQL's latin1 has five that mean themselves; of others
 * the import says that they are not UTF-8.
 */
static void
put_no_character(struct dump *d, unsigned char c, struct buf *out)
{
	char	s[2] = { (char)0xc2, (char)c };

	if (d->dialect == DUMP_MYSQL && c >= 0x80 && c < 0xa0 &&
	    strcasecmp(d->charset_name, "latin1") == 0)
		buf_put(out, s, 2);
	else
		buf_put_byte(out, (char)0xff);
}

static bool
refuse(struct dump *d)
{
	const char	*option = d->dialect == DUMP_MYSQL ?
			    "--default-character-set=utf8mb4" :
			    "--encoding=UTF8";

	if (d->charset == CHARSET_UNSAID)
		return dump_fail(d, "a text is not UTF-8, and the dump does "
		    "not say what it is: make it with %s, and without "
		    "--compatible", option);
	return dump_fail(d, "the character set %.40s cannot be read: make the "
	    "dump with %s", d->charset_name, option);
}

bool
charset_convert(struct dump *d, struct text in, struct buf *out)
{
	char	*from = (char *)(uintptr_t)in.base, *to;
	size_t	 left = in.len, room, done;

	if (d->charset == CHARSET_REFUSED)
		return refuse(d);
	while (left > 0) {
		buf_reserve(out, left * 3 + 8);
		to = out->base + out->len;
		room = out->size - out->len;
		done = iconv(d->converter, &from, &left, &to, &room);
		out->len = (size_t)(to - out->base);
		if (done != (size_t)-1 || errno == E2BIG)
			continue;
		if (d->charset == CHARSET_UNSAID)
			return refuse(d);
		put_no_character(d, (unsigned char)*from, out);
		from++;
		left--;
	}
	return true;
}

void
charset_close(struct dump *d)
{
	if (d->charset == CHARSET_CONVERTED || d->charset == CHARSET_UNSAID)
		iconv_close(d->converter);
	d->charset = CHARSET_UTF8;
}
