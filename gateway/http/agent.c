/* Words of User-Agent, the more special ones first: Edge says that it is Chrome,
 * Chrome that it is Safari, and Android that it is Linux. */
#include "gateway/http/agent.h"

#include <stdio.h>

#include "gateway/http/header.h"

struct word {
	const char	*mark;
	const char	*name;
};

static const struct word browsers[] = {
	{ "Edg", "Edge" }, { "OPR/", "Opera" }, { "Firefox/", "Firefox" },
	{ "FxiOS/", "Firefox" }, { "Chrome/", "Chrome" }, { "CriOS/", "Chrome" },
	{ "Safari/", "Safari" }, { NULL, NULL }
};

static const struct word systems[] = {
	{ "Windows", "Windows" }, { "Android", "Android" }, { "iPhone", "iOS" },
	{ "iPad", "iPadOS" }, { "CrOS", "ChromeOS" }, { "Mac OS X", "macOS" },
	{ "Linux", "Linux" }, { NULL, NULL }
};

static const char *
find_word(const struct word *words, struct text in)
{
	for (; words->mark != NULL; words++)
		if (memmem(in.base, in.len, words->mark, strlen(words->mark)) !=
		    NULL)
			return words->name;
	return NULL;
}

void
agent_print(const h2o_req_t *req, char ret[AGENT_SIZE])
{
	struct text	 agent = header_value(req, "user-agent");
	const char	*browser = find_word(browsers, agent);
	const char	*system = find_word(systems, agent);

	snprintf(ret, AGENT_SIZE, "console%s%s%s%s",
	    browser == NULL ? "" : ", ", browser == NULL ? "" : browser,
	    browser == NULL || system == NULL ? "" : " on ",
	    browser == NULL || system == NULL ? "" : system);
}
