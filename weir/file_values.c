/* file_values.c - see file_values.h. */
#include "weir/file_values.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/lines.h"

enum { MOST = 16 << 20 };

const char *
file_values_read(struct arena *arena, const char *names, struct err *err)
{
	const char *cursor = names;
	struct buf all = { 0 };
	char *name, *out = NULL;

	while ((name = conf_word(&cursor, arena)) != NULL) {
		if (all.len > 0)
			buf_putc(&all, '\n');
		if (lines_load(name, &all, err) != 0)
			goto done;
	}
	if (all.len == 0) {
		err_set(err, "empty pathname list: >>%s<<'", names);
	} else if (all.len > MOST) {
		err_set(err, "%s: larger than %d octets", names, MOST);
	} else {
		out = arena_alloc(arena, all.len / 3 * 4 + 5);
		(void)EVP_EncodeBlock((unsigned char *)out,
		    (const unsigned char *)all.data, (int)all.len);
	}
done:
	buf_free(&all);
	return out;
}

const char *
file_values_decode(struct arena *arena, const char *text)
{
	size_t len = strlen(text);
	char *out;
	int n;

	if (len == 0 || len % 4 != 0 || len > INT_MAX)
		return NULL;
	out = arena_alloc(arena, len / 4 * 3 + 1);
	n = EVP_DecodeBlock(
	    (unsigned char *)out, (const unsigned char *)text, (int)len);
	if (n < 0)
		return NULL;
	/* It counts the filling as octets. */
	for (size_t i = len; i > len - 2 && text[i - 1] == '='; i--)
		n--;
	out[n] = '\0';
	return out;
}
