/* Percent-encoding. */
#include "gateway/http/url.h"

#include "gateway/http/chars.h"

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
