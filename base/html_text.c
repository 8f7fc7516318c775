/* html_text.c - see html_text.h.  The states are those of the tokenizer of the
 * HTML standard, as far as they say where text begins and ends: a reader that
 * sees a tag end elsewhere than we do is a place to hide words in. */
#include "base/html_text.h"

#include <string.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/html_entity.h"

enum state {
	IN_TEXT,
	IN_ENTITY,
	AT_OPEN,      /* "<" */
	AT_CLOSE,     /* "</" */
	AT_BANG,      /* "<!" */
	AT_DASH,      /* "<!-" */
	IN_COMMENT,   /* "<!--" */
	AT_BANG_END,  /* "--!" in it */
	IN_BOGUS,     /* "<?", "<!x", "</1": ends with ">" */
	IN_NAME,      /* of a tag */
	AT_ATTRIBUTE, /* before its name */
	IN_ATTRIBUTE, /* within its name */
	PAST_ATTRIBUTE,
	AT_VALUE,
	IN_VALUE,
	IN_DOUBLE, /* quotes */
	IN_SINGLE,
	IN_RAW,      /* text of a script or style */
	AT_RAW_OPEN, /* "<" in it */
	IN_RAW_NAME, /* "</" in it */
};

/* Elements that stand in a line: what is around them is one text.  All others
 * end the line. */
static const char *const inlines[] = { "a", "abbr", "acronym", "b", "basefont",
	"bdi", "bdo", "big", "blink", "cite", "code", "data", "del", "dfn",
	"em", "font", "i", "img", "ins", "kbd", "label", "mark", "nobr", "q",
	"ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
	"time", "tt", "u", "var", "wbr" };

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void
show(struct html_text *h, char c, struct buf *out)
{
	if (space(c)) {
		h->blank = true;
		return;
	}
	if (h->blank && h->in_line)
		buf_putc(out, ' ');
	h->blank = false;
	h->in_line = true;
	buf_putc(out, c);
}

static void
end_line(struct html_text *h, struct buf *out)
{
	if (h->in_line)
		buf_putc(out, '\n');
	h->blank = h->in_line = false;
}

static void
show_code(struct html_text *h, unsigned long code, struct buf *out)
{
	if (code < 0x80) {
		show(h, (char)code, out);
		return;
	}
	if (h->blank && h->in_line)
		buf_putc(out, ' ');
	h->blank = false;
	h->in_line = true;
	charset_put(out, code);
}

/* What is kept of "&..." is complete. */
static void
end_entity(struct html_text *h, bool ended, struct buf *out)
{
	size_t used = 0;
	unsigned long code =
	    html_entity_find(h->entity, h->entity_len, ended, &used);

	h->state = IN_TEXT;
	if (code == 0) {
		show(h, '&', out);
		used = 0;
	} else {
		show_code(h, code, out);
	}
	for (size_t i = used; i < h->entity_len; i++)
		show(h, h->entity[i], out);
	if (ended && (code == 0 || used < h->entity_len))
		show(h, ';', out);
	h->entity_len = 0;
}

/* False: ${c} does not belong to it. */
static bool
take_entity(struct html_text *h, char c, struct buf *out)
{
	bool is_name = letter(c) || (c >= '0' && c <= '9') ||
	    (c == '#' && h->entity_len == 0);

	if (is_name && h->entity_len < HTML_TEXT_ENTITY) {
		h->entity[h->entity_len++] = c;
		return true;
	}
	end_entity(h, c == ';', out);
	return c == ';';
}

static void
add_to_name(struct html_text *h, char c)
{
	/* A longer name is none that counts. */
	if (h->name_len <= HTML_TEXT_NAME)
		h->name[h->name_len++] = (char)(letter(c) ? c | 0x20 : c);
}

static bool
is_named(const struct html_text *h, const char *name)
{
	return strlen(name) == h->name_len &&
	    memcmp(name, h->name, h->name_len) == 0;
}

static bool
is_inline(const struct html_text *h)
{
	for (size_t i = 0; i < sizeof inlines / sizeof *inlines; i++)
		if (is_named(h, inlines[i]))
			return true;
	return false;
}

static void
end_tag(struct html_text *h, struct buf *out)
{
	h->state = IN_TEXT;
	if (is_named(h, "td") || is_named(h, "th"))
		h->blank = true;
	else if (!is_inline(h))
		end_line(h, out);
	if (!h->closing && (is_named(h, "script") || is_named(h, "style"))) {
		memcpy(h->raw, h->name, h->name_len);
		h->raw[h->name_len] = '\0';
		h->state = IN_RAW;
	}
}

static void
begin_tag(struct html_text *h, char c, bool closing)
{
	h->name_len = 0;
	h->closing = closing;
	h->state = IN_NAME;
	add_to_name(h, c);
}

/* Behind "<", "</", "<!" and "<!-". */
static void
take_markup(struct html_text *h, char c)
{
	switch ((enum state)h->state) {
	case AT_OPEN:
		if (letter(c))
			begin_tag(h, c, false);
		else
			h->state = c == '/' ? AT_CLOSE
			    : c == '!'      ? AT_BANG
					    : IN_BOGUS;
		break;
	case AT_CLOSE:
		if (letter(c))
			begin_tag(h, c, true);
		else
			h->state = c == '>' ? IN_TEXT : IN_BOGUS;
		break;
	case AT_BANG:
		h->state = c == '-' ? AT_DASH : c == '>' ? IN_TEXT : IN_BOGUS;
		break;
	case AT_DASH:
		h->state = c == '-' ? IN_COMMENT
		    : c == '>'      ? IN_TEXT
				    : IN_BOGUS;
		h->dashes = 2;
		h->fresh = true;
		break;
	default:
		break;
	}
}

/* "-->" and "--!>" end a comment, and so do "<!-->" and "<!--->", but not
 * "<!--!>". */
static void
take_comment(struct html_text *h, char c)
{
	if (c == '>' && (h->state == AT_BANG_END || h->dashes >= 2)) {
		h->state = IN_TEXT;
	} else if (c == '!' && h->state == IN_COMMENT &&
	    h->dashes >= (h->fresh ? 4 : 2)) {
		h->state = AT_BANG_END;
		h->dashes = 0;
	} else if (c == '-') {
		if (h->dashes < 4)
			h->dashes++;
		h->state = IN_COMMENT;
	} else {
		h->state = IN_COMMENT;
		h->dashes = 0;
		h->fresh = false;
	}
}

static void
take_attribute(struct html_text *h, char c, struct buf *out)
{
	if (c == '>')
		end_tag(h, out);
	else if (c == '/')
		h->state = AT_ATTRIBUTE;
	else if (h->state == IN_NAME && !space(c))
		add_to_name(h, c);
	else if (space(c))
		h->state =
		    h->state == IN_ATTRIBUTE || h->state == PAST_ATTRIBUTE
		    ? PAST_ATTRIBUTE
		    : AT_ATTRIBUTE;
	else if (c == '=' && h->state != AT_ATTRIBUTE)
		h->state = AT_VALUE;
	else
		h->state = IN_ATTRIBUTE;
}

static void
take_value(struct html_text *h, char c, struct buf *out)
{
	switch ((enum state)h->state) {
	case IN_DOUBLE:
		if (c == '"')
			h->state = AT_ATTRIBUTE;
		return;
	case IN_SINGLE:
		if (c == '\'')
			h->state = AT_ATTRIBUTE;
		return;
	default:
		break;
	}
	if (c == '>')
		end_tag(h, out);
	else if (space(c))
		h->state = h->state == AT_VALUE ? AT_VALUE : AT_ATTRIBUTE;
	else if (h->state == AT_VALUE)
		h->state = c == '"' ? IN_DOUBLE
		    : c == '\''     ? IN_SINGLE
				    : IN_VALUE;
}

/* The text of a script ends with its own closing tag only. */
static void
take_raw(struct html_text *h, char c, struct buf *out)
{
	if (h->state == AT_RAW_OPEN && c == '/') {
		h->state = IN_RAW_NAME;
		h->name_len = 0;
	} else if (h->state == IN_RAW_NAME && letter(c)) {
		add_to_name(h, c);
	} else if (h->state == IN_RAW_NAME && is_named(h, h->raw) &&
	    (space(c) || c == '/' || c == '>')) {
		h->closing = true;
		h->state = AT_ATTRIBUTE;
		take_attribute(h, c, out);
	} else {
		h->state = c == '<' ? AT_RAW_OPEN : IN_RAW;
	}
}

static void
take_text(struct html_text *h, char c, struct buf *out)
{
	if (c == '<')
		h->state = AT_OPEN;
	else if (c == '&')
		h->state = IN_ENTITY;
	else
		show(h, c, out);
}

/* "<" begins nothing if none of these stands behind it. */
static bool
is_markup(char c)
{
	return letter(c) || c == '/' || c == '!' || c == '?';
}

static void
take(struct html_text *h, char c, struct buf *out)
{
	if (h->state == IN_ENTITY && take_entity(h, c, out))
		return;
	if (h->state == AT_OPEN && !is_markup(c)) {
		show(h, '<', out);
		h->state = IN_TEXT;
	}
	if (h->state == IN_TEXT) {
		take_text(h, c, out);
	} else if (h->state <= AT_DASH) {
		take_markup(h, c);
	} else if (h->state <= AT_BANG_END) {
		take_comment(h, c);
	} else if (h->state == IN_BOGUS) {
		if (c == '>')
			h->state = IN_TEXT;
	} else if (h->state <= PAST_ATTRIBUTE) {
		take_attribute(h, c, out);
	} else if (h->state <= IN_SINGLE) {
		take_value(h, c, out);
	} else {
		take_raw(h, c, out);
	}
}

void
html_text_feed(struct html_text *h, const char *data, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		take(h, data[i], out);
}

void
html_text_end(struct html_text *h, struct buf *out)
{
	if (h->state == IN_ENTITY)
		end_entity(h, false, out);
	else if (h->state == AT_OPEN)
		show(h, '<', out);
	end_line(h, out);
}
