/* Splitting and decoding URLs. */
#include "gateway/http/url.h"

#include "gateway/http/chars.h"

const char *
url_path(const char *url)
{
	const char	*host = strstr(url, "://") + 3;

	return host + strcspn(host, "/");
}

struct text
url_decode(h2o_mem_pool_t *pool, struct text in, bool plus_is_space)
{
	char	*out = h2o_mem_alloc_pool(pool, in.len + 1);
	size_t	 len = 0;
	int	 high, low;

	for (size_t i = 0; i < in.len; i++) {
		high = low = -1;
		if (in.base[i] == '%' && i + 2 < in.len) {
			high = hex_value(in.base[i + 1]);
			low = hex_value(in.base[i + 2]);
		}
		if (high != -1 && low != -1) {
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else
			out[len++] = plus_is_space && in.base[i] == '+' ?
			    ' ' : in.base[i];
	}
	return (struct text){ out, len };
}

bool
url_next_parameter(h2o_mem_pool_t *pool, struct text *left,
    struct text *ret_name, struct text *ret_value)
{
	const char	*amp, *equals;
	struct text	 part = *left;

	if (left->len == 0)
		return false;
	amp = memchr(left->base, '&', left->len);
	if (amp != NULL)
		part.len = (size_t)(amp - left->base);
	left->base += part.len + (amp != NULL);
	left->len -= part.len + (amp != NULL);
	equals = memchr(part.base, '=', part.len);
	*ret_name = *ret_value = part;
	if (equals != NULL) {
		ret_name->len = (size_t)(equals - part.base);
		ret_value->base = equals + 1;
		ret_value->len = part.len - ret_name->len - 1;
	} else
		ret_value->len = 0;
	*ret_name = url_decode(pool, *ret_name, true);
	*ret_value = url_decode(pool, *ret_value, true);
	return true;
}
