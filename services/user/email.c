/* Local parts and domains. */
#include "services/user/email.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/line.h"
#include "base/scan.h"

#define LOCAL_MOST	64	/* bytes (RFC 5321, 4.5.3.1.1) */

/* Of ASCII, what a local part and a domain may not have. */
#define NOT_OF_LOCAL	"\"(),:;<>@[\\]"
#define NOT_OF_DOMAIN	"!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~"

/* Persian and Indic names need the joiners, which cannot be seen. */
static bool
is_allowed(uint32_t c, const char *not_of)
{
	if (c >= 0x80)
		return line_shows(c) || c == 0x200c || c == 0x200d;
	return c > ' ' && c != 0x7f && strchr(not_of, (int)c) == NULL;
}

static bool
has_allowed(struct text t, const char *not_of)
{
	size_t	len;

	for (; t.len > 0; t.base += len, t.len -= len) {
		len = (unsigned char)t.base[0] < 0x80 ? 1 :
		    scan_character(t.base, t.len);
		if (len == 0 ||
		    !is_allowed(scan_code_point(t.base, len), not_of))
			return false;
	}
	return true;
}

/* Whether there is something between the dots, without `edge` at its ends. */
static bool
has_labels(struct text t, char edge)
{
	char	before = '.', c;

	for (size_t i = 0; i < t.len; i++, before = c) {
		c = t.base[i];
		if (before == '.' && (c == '.' || c == edge))
			return false;
		if (before == edge && c == '.')
			return false;
	}
	return before != '.' && before != edge;
}

const char *
email_refusal(struct text t)
{
	const char	*at = memchr(t.base, '@', t.len);
	struct text	 local, domain;

	if (at == NULL)
		return "email must be an address such as jo@example.org, this "
		    "one has no @.";
	local = (struct text){ t.base, (size_t)(at - t.base) };
	domain = (struct text){ at + 1, t.len - local.len - 1 };
	if (local.len > LOCAL_MOST)
		return "email may have at most 64 bytes before the @.";
	if (!has_allowed(local, NOT_OF_LOCAL) || !has_labels(local, '.'))
		return "email must be an address such as jo@example.org: "
		    "before the @, without blanks, quotes and brackets, and "
		    "with dots only between other characters.";
	if (!has_allowed(domain, NOT_OF_DOMAIN) || !has_labels(domain, '-'))
		return "email must be an address such as jo@example.org: "
		    "behind the @ the name of a host, of letters, digits and "
		    "hyphens with dots between them.";
	return NULL;
}
