/* spf_header.c - see spf_header.h. */
#include "checks/spf_header.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "checks/spf_evaluate.h"

/* Octets of a value: a line of mail has 998. */
enum { MOST_VALUE = 256 };

/* What may stand in a comment or a quoted string by itself. */
static void
put_text(struct buf *out, const char *text, const char *escaped)
{
	for (size_t i = 0; text[i] != '\0' && i < MOST_VALUE; i++) {
		char c = text[i];

		if (c < ' ' || c > '~')
			c = '?';
		if (strchr(escaped, c) != NULL)
			buf_putc(out, '\\');
		buf_putc(out, c);
	}
}

static void
put_comment(struct buf *out, const char *text)
{
	put_text(out, text, "()\\");
}

/* Is it a dot-atom? */
static bool
is_plain(const char *text)
{
	char before = '.';

	for (; *text != '\0'; before = *text++)
		if (*text == '.' ? before == '.'
				 : !isalnum((unsigned char)*text) &&
			    strchr("!#$%&'*+-/=?^_`{|}~", *text) == NULL)
			return false;
	return before != '.';
}

static void
put_pair(struct buf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_printf(out, " %s=", name);
	if (is_plain(value) && strlen(value) <= MOST_VALUE) {
		buf_puts(out, value);
	} else {
		buf_putc(out, '"');
		put_text(out, value, "\"\\");
		buf_putc(out, '"');
	}
	buf_putc(out, ';');
}

static void
put_reason(struct buf *out, const struct spf_header *h)
{
	switch (h->result) {
	case SPF_PASS:
	case SPF_FAIL:
	case SPF_SOFTFAIL:
		buf_puts(out, "domain of ");
		put_comment(out, h->mail ? h->sender : h->domain);
		buf_printf(out, " %s ",
		    h->result == SPF_PASS       ? "designates"
			: h->result == SPF_FAIL ? "does not designate"
						: "discourages use of");
		put_comment(out, h->client);
		buf_puts(out, " as permitted sender");
		break;
	case SPF_NEUTRAL:
		put_comment(out, h->client);
		buf_puts(out, " is neither permitted nor denied by domain of ");
		put_comment(out, h->mail ? h->sender : h->domain);
		break;
	case SPF_NONE:
		buf_puts(out, "no policy of ");
		put_comment(out, h->domain);
		break;
	default:
		buf_puts(out, "error in processing of the policy of ");
		put_comment(out, h->domain);
		buf_puts(out, ": ");
		put_comment(out, h->why);
		break;
	}
}

const char *
spf_header_print(struct arena *arena, const struct spf_header *header)
{
	struct buf out = { 0 };
	const char *line;

	buf_printf(
	    &out, "Received-SPF: %s (", spf_evaluate_word(header->result));
	put_comment(&out, header->receiver);
	buf_puts(&out, ": ");
	put_reason(&out, header);
	buf_putc(&out, ')');
	put_pair(&out, "identity", header->mail ? "mailfrom" : "helo");
	put_pair(&out, "client-ip", header->client);
	put_pair(&out, "helo", header->helo);
	put_pair(&out, "envelope-from", header->sender);
	put_pair(&out, "receiver", header->receiver);
	line = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return line;
}
