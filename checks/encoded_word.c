/* encoded_word.c - see encoded_word.h. */
#include "checks/encoded_word.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/transfer.h"

enum { LONGEST_CHARSET = 60 };

struct word {
	const char *charset, *text, *end; /* of the whole */
	size_t charset_len, len;
	bool quoted; /* or base64 */
};

struct decoder {
	struct buf *out;
	struct charset *words; /* of the last word; NULL: there is none */
	const char *name;
	size_t name_len;
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the text of a word ends, and *end where the word does: at "?=", or for
 * want of one before the next word, at the end of the unbroken text. */
static const char *
find_end(const char *p, const char *limit, const char **end)
{
	const char *unbroken = NULL;

	for (const char *q = p; q < limit; q++) {
		if (unbroken == NULL && blank(*q))
			unbroken = q;
		if (q + 1 == limit)
			break;
		if (q[0] == '?' && q[1] == '=') {
			*end = q + 2;
			return q;
		}
		if (unbroken != NULL && q[0] == '=' && q[1] == '?')
			break;
	}
	*end = unbroken != NULL ? unbroken : limit;
	return *end;
}

/* ${p} stands at "=?"; true: a word begins there. */
static bool
parse(const char *p, const char *limit, struct word *word)
{
	const char *q = p + 2;

	word->charset = q;
	while (q < limit && *q != '?' && !blank(*q) && q - p < LONGEST_CHARSET)
		q++;
	if (limit - q < 3 || q[0] != '?' || q[2] != '?' ||
	    strchr("BbQq", q[1]) == NULL)
		return false;
	/* A language may stand behind the charset (RFC 2231). */
	word->charset_len = (size_t)(q - word->charset);
	p = memchr(word->charset, '*', word->charset_len);
	if (p != NULL)
		word->charset_len = (size_t)(p - word->charset);
	word->quoted = q[1] == 'Q' || q[1] == 'q';
	word->text = q + 3;
	word->len = (size_t)(find_end(q + 3, limit, &word->end) - word->text);
	return true;
}

static void
end_words(struct decoder *d)
{
	if (d->words == NULL)
		return;
	charset_end(d->words, d->out);
	charset_close(d->words);
	d->words = NULL;
}

static void
put_word(struct decoder *d, const struct word *word)
{
	struct transfer transfer;
	struct buf octets = { 0 };

	if (d->words != NULL &&
	    (d->name_len != word->charset_len ||
		strncasecmp(d->name, word->charset, d->name_len) != 0))
		end_words(d);
	if (d->words == NULL)
		d->words = charset_open(word->charset, word->charset_len);
	d->name = word->charset;
	d->name_len = word->charset_len;
	transfer_begin(
	    &transfer, word->quoted ? TRANSFER_QUOTED : TRANSFER_BASE64);
	for (size_t i = 0; i < word->len; i++) {
		char c = word->text[i];

		if (word->quoted && c == '_')
			c = ' ';
		transfer_feed(&transfer, &c, 1, &octets);
	}
	transfer_end(&transfer, &octets);
	charset_feed(d->words, octets.data, octets.len, d->out);
	buf_free(&octets);
}

static void
put_plain(struct decoder *d, const char *p, size_t n)
{
	struct charset *cs;

	if (n == 0)
		return;
	end_words(d);
	cs = charset_open("", 0);
	charset_feed(cs, p, n, d->out);
	charset_end(cs, d->out);
	charset_close(cs);
}

static bool
all_blank(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	return p == end;
}

void
encoded_word_decode(const char *text, size_t len, struct buf *out)
{
	const char *limit = text + len, *plain = text, *p = text;
	struct decoder d = { .out = out };
	struct word word;

	while ((p = memmem(p, (size_t)(limit - p), "=?", 2)) != NULL) {
		if (!parse(p, limit, &word)) {
			p += 2;
			continue;
		}
		if (d.words == NULL || !all_blank(plain, p))
			put_plain(&d, plain, (size_t)(p - plain));
		put_word(&d, &word);
		plain = p = word.end;
	}
	put_plain(&d, plain, (size_t)(limit - plain));
	end_words(&d);
}
