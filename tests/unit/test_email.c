/* services/user/email.c: the form of addresses. */
#include "unit.h"

#include <string.h>

#include "services/user/email.h"

#define X16	"xxxxxxxxxxxxxxxx"
#define E_ACUTE	"\xc3\xa9"

static void
addresses_are_told_from_other_texts(void **state)
{
	/* a word of the refusal; NULL: it is an address */
	static const struct { const char *text, *refusal; } rows[] = {
		{ "jo@example.org", NULL },
		{ "user@localhost", NULL },
		{ "a@b", NULL },
		{ "o'neil+tag_1-x!#$%&*/=?^`{|}~@sub.example.org", NULL },
		{ "j" E_ACUTE "@b" E_ACUTE ".example", NULL },
		{ "\xe7\x94\xa8@\xe4\xbe\x8b.\xe5\xb9\xbf", NULL },
		{ "jo@a--b.example", NULL },
		{ "-jo-@example.org", NULL },
		{ "jo@1.example", NULL },
		{ "jo@\xd9\x86\xe2\x80\x8c\xd9\x86.example", NULL },
		{ X16 X16 X16 X16 "@example.org", NULL },
		{ X16 X16 X16 X16 "x@example.org", "64 bytes" },
		{ X16 X16 X16 X16 E_ACUTE "@example.org", "64 bytes" },
		{ "", "no @" },
		{ "jo.example.org", "no @" },
		{ "jo\xef\xbc\xa0" "example.org", "no @" },
		{ "@", "before" },
		{ "@example.org", "before" },
		{ ".jo@example.org", "before" },
		{ "jo.@example.org", "before" },
		{ "j..o@example.org", "before" },
		{ "j o@example.org", "before" },
		{ "j\to@example.org", "before" },
		{ "j\x7fo@example.org", "before" },
		{ "\"jo\"@example.org", "before" },
		{ "Jo <jo@example.org>", "before" },
		{ "mailto:jo@example.org", "before" },
		{ "a,jo@example.org", "before" },
		{ "j\xe2\x80\x8bo@example.org", "before" },
		{ "j\xe3\x80\x80o@example.org", "before" },
		{ "j\xe2\x80\xaeo@example.org", "before" },
		{ "j\xffo@example.org", "before" },
		{ "jo@", "host" },
		{ "jo@@example.org", "host" },
		{ "jo@a@example.org", "host" },
		{ "jo@example..org", "host" },
		{ "jo@.example.org", "host" },
		{ "jo@example.org.", "host" },
		{ "jo@-example.org", "host" },
		{ "jo@example-.org", "host" },
		{ "jo@example.org-", "host" },
		{ "jo@exam_ple.org", "host" },
		{ "jo@[127.0.0.1]", "host" },
		{ "jo@example.org\n", "host" },
		{ "jo@exam\xc2\xa0ple.org", "host" },
	};
	const char	*refusal;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		refusal = email_refusal(text_of(rows[i].text));
		if (rows[i].refusal == NULL)
			check_true(rows[i].text, refusal == NULL);
		else
			check_true(rows[i].text, refusal != NULL &&
			    strstr(refusal, rows[i].refusal) != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(addresses_are_told_from_other_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
