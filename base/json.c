/* JSON going out. The hot path of lists: most bytes are copied in runs. */
#include "base/json.h"

#include "base/scan.h"

#define DAY_SECONDS	86400

/* The escape of a byte below 0x80; NULL: it is written as it is. */
static const char *const escapes[128] = {
	[0x00] = "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004",
	"\\u0005", "\\u0006", "\\u0007", "\\b", "\\t", "\\n", "\\u000b",
	"\\f", "\\r", "\\u000e", "\\u000f", "\\u0010", "\\u0011", "\\u0012",
	"\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018",
	"\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e",
	"\\u001f",
	['"'] = "\\\"", ['\\'] = "\\\\",
};

/* How many bytes are characters of several, one behind the other. */
static inline size_t
foreign_run(const char *p, size_t len)
{
	size_t	at = 0, more;

	while (at < len && (unsigned char)p[at] >= 0x80) {
		more = scan_character(p + at, len - at);
		if (more == 0)
			break;
		at += more;
	}
	return at;
}

/* The escape of a byte. */
static const char *
replacement(unsigned char c)
{
	return c < 0x80 ? escapes[c] : "\xef\xbf\xbd";
}

void
json_put_text(struct buf *b, struct text t)
{
	size_t	from = 0, at = 0, run;

	buf_reserve(b, t.len + 2);
	buf_put_byte(b, '"');
	for (;;) {
		do {
			at += scan_plain(t.base + at, t.len - at);
			run = foreign_run(t.base + at, t.len - at);
			at += run;
		} while (run != 0);
		buf_put(b, t.base + from, at - from);
		if (at == t.len)
			break;
		buf_put_text(b, replacement((unsigned char)t.base[at]));
		from = ++at;
	}
	buf_put_byte(b, '"');
}

static const char	two_digits[] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

void
json_put_number(struct buf *b, int64_t n)
{
	char		 digits[24], *p = digits + sizeof(digits);
	uint64_t	 u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	for (; u >= 100; u /= 100)
		p = memcpy(p - 2, two_digits + u % 100 * 2, 2);
	if (u >= 10)
		p = memcpy(p - 2, two_digits + u * 2, 2);
	else
		*--p = (char)('0' + u);
	if (n < 0)
		*--p = '-';
	buf_put(b, p, (size_t)(digits + sizeof(digits) - p));
}

struct date {
	int64_t		year;
	unsigned	month;	/* 0 to 11 */
	unsigned	day;	/* 1 to 31 */
	unsigned	weekday; /* 0: Sunday */
	unsigned	second;	/* of the day */
};

/*
 * From seconds since 1970 to the proleptic Gregorian calendar, by counting
 * in eras of 400 years that begin on the first of March.
 */
static struct date
date_of(int64_t seconds)
{
	int64_t		days = seconds / DAY_SECONDS, era;
	unsigned	of_era, year, of_year, month;
	struct date	d;

	if (seconds % DAY_SECONDS < 0)
		days--;
	d.second = (unsigned)(seconds - days * DAY_SECONDS);
	d.weekday = (unsigned)(((days + 4) % 7 + 7) % 7);
	days += 719468;		/* from 1970 to 0000-03-01 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = (unsigned)(days - era * 146097);
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	d.day = of_year - (153 * month + 2) / 5 + 1;
	d.month = month < 10 ? month + 2 : month - 10;
	d.year = (int64_t)year + era * 400 + (d.month <= 1);
	return d;
}

static char *
put_two(char *p, unsigned n)
{
	*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

void
json_put_date(struct buf *b, int64_t us)
{
	static const char	days[] = "SunMonTueWedThuFriSat";
	static const char	months[] =
				    "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t			seconds = us / 1000000;
	struct date		d;
	char			line[32], *p = line;

	if (us % 1000000 < 0)
		seconds--;
	d = date_of(seconds);
	*p++ = '"';
	p = memcpy(p, days + (size_t)d.weekday * 3, 3), p += 3;
	*p++ = ',', *p++ = ' ';
	p = put_two(p, d.day);
	*p++ = ' ';
	p = memcpy(p, months + (size_t)d.month * 3, 3), p += 3;
	*p++ = ' ';
	p = put_two(p, (unsigned)(d.year / 100));
	p = put_two(p, (unsigned)(d.year % 100));
	*p++ = ' ';
	p = put_two(p, d.second / 3600);
	*p++ = ':';
	p = put_two(p, d.second / 60 % 60);
	*p++ = ':';
	p = put_two(p, d.second % 60);
	p = memcpy(p, " GMT\"", 5), p += 5;
	buf_put(b, line, (size_t)(p - line));
}
