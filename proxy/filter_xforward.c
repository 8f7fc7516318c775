/* filter_xforward.c - see filter_xforward.h. */
#include "proxy/filter_xforward.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/xtext.h"
#include "proxy/filter_peer.h"

/* Of a command, without its <CR><LF>. */
enum { MOST = 510 };

static const char command[] = "XFORWARD";

static bool
wants(const char *offered, const char *name)
{
	while (*offered == ' ') {
		size_t n;

		offered += strspn(offered, " ");
		n = strcspn(offered, " \n");
		if (strlen(name) == n && strncasecmp(name, offered, n) == 0)
			return true;
		offered += n;
	}
	return false;
}

void
filter_xforward_print(const struct filter_peer_client *client,
    const char *offered, struct buf *out)
{
	const struct {
		const char *name, *value;
	} all[] = {
		{ "NAME", client->name },
		{ "ADDR", client->addr },
		{ "PORT", client->port },
		{ "HELO", client->helo },
		{ "IDENT", client->ident },
		{ "PROTO", client->protocol },
		{ "SOURCE", client->source },
	};
	size_t start = out->len, one;
	struct buf pair = { 0 };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (!wants(offered, all[i].name))
			continue;
		buf_reset(&pair);
		buf_printf(&pair, " %s=", all[i].name);
		if (all[i].value == NULL)
			buf_puts(&pair, "[UNAVAILABLE]");
		else
			xtext_put(&pair, all[i].value);
		one = out->len - start;
		if (one > 0 && one + pair.len > MOST) {
			buf_putc(out, '\n');
			start = out->len;
		}
		if (out->len == start)
			buf_puts(out, command);
		buf_put(out, pair.data, pair.len);
	}
	if (out->len > start)
		buf_putc(out, '\n');
	buf_free(&pair);
}
