/* body.c - see body.h. */
#include "proxy/body.h"

#include "base/buf.h"
#include "base/fatal.h"

enum state {
	LINE,  /* at the start of a line, behind <CR><LF> */
	LOOSE, /* at the start of a line, behind a bare <LF> */
	TEXT,  /* in a line */
	CR,    /* behind <CR> in a line */
	DOT,   /* behind a dot that began a line (LINE) */
	DOTCR, /* behind that dot and <CR> */
	END,   /* no way leads out of here */
	STATES,
};

enum column { OTHER, STOP, NUL, RETURN, NEWLINE, COLUMNS };

enum {
	KEEP = 1,  /* the octet belongs to the text */
	HOLD = 2,  /* a <CR>: what follows decides */
	BARE = 4,  /* the <CR>s held are not part of a line end */
	BREAK = 8, /* a line of the text ends */
	NAKED = 16 /* ... by a <LF> without <CR> */
};

struct step {
	unsigned char next, what;
};

/* clang-format off */
static const struct step strict[STATES][COLUMNS] = {
	/*          other                  dot                    NUL              <CR>            <LF> */
	[LINE]  = { { TEXT, KEEP },        { DOT, 0 },            { TEXT, 0 },     { CR, HOLD },    { LOOSE, BREAK | NAKED } },
	[LOOSE] = { { TEXT, KEEP },        { TEXT, 0 },           { TEXT, 0 },     { CR, HOLD },    { LOOSE, BREAK | NAKED } },
	[TEXT]  = { { TEXT, KEEP },        { TEXT, KEEP },        { TEXT, 0 },     { CR, HOLD },    { LOOSE, BREAK | NAKED } },
	[CR]    = { { TEXT, BARE | KEEP }, { TEXT, BARE | KEEP }, { TEXT, BARE },  { CR, HOLD },    { LINE, BREAK } },
	[DOT]   = { { TEXT, KEEP },        { TEXT, KEEP },        { TEXT, 0 },     { DOTCR, HOLD }, { LOOSE, BREAK | NAKED } },
	[DOTCR] = { { TEXT, BARE | KEEP }, { TEXT, BARE | KEEP }, { TEXT, BARE },  { CR, HOLD },    { END, 0 } },
};
static const struct step loose[STATES][COLUMNS] = {
	[LINE]  = { { TEXT, KEEP },        { DOT, 0 },            { TEXT, 0 },     { CR, HOLD },    { LINE, BREAK | NAKED } },
	[TEXT]  = { { TEXT, KEEP },        { TEXT, KEEP },        { TEXT, 0 },     { CR, HOLD },    { LINE, BREAK | NAKED } },
	[CR]    = { { TEXT, BARE | KEEP }, { TEXT, BARE | KEEP }, { TEXT, BARE },  { CR, HOLD },    { LINE, BREAK } },
	[DOT]   = { { TEXT, KEEP },        { TEXT, KEEP },        { TEXT, 0 },     { DOTCR, HOLD }, { END, NAKED } },
	[DOTCR] = { { TEXT, BARE | KEEP }, { TEXT, BARE | KEEP }, { TEXT, BARE },  { DOTCR, HOLD }, { END, 0 } },
};
/* In chunks; how strict makes no difference. */
static const struct step chunked[STATES][COLUMNS] = {
	[LINE]  = { { TEXT, KEEP },        { TEXT, KEEP },        { TEXT, 0 },     { CR, HOLD },    { LINE, BREAK | NAKED } },
	[TEXT]  = { { TEXT, KEEP },        { TEXT, KEEP },        { TEXT, 0 },     { CR, HOLD },    { LINE, BREAK | NAKED } },
	[CR]    = { { TEXT, BARE | KEEP }, { TEXT, BARE | KEEP }, { TEXT, BARE },  { CR, HOLD },    { LINE, BREAK } },
};
/* clang-format on */

static const unsigned char columns[256] = {
	['.'] = STOP, ['\0'] = NUL, ['\r'] = RETURN, ['\n'] = NEWLINE
};

/* So many <CR>s in a row are no line end whatever follows: a bound on what one
 * octet can make us write. */
enum { MOST_HELD = 1024 };

static void
put_held(const struct body *body, unsigned n, struct buf *out)
{
	for (; n > 0; n--)
		buf_putc(out, body->keep_cr ? '\r' : ' ');
}

static void
do_step(struct body *body, const struct step *s, char c, struct buf *out)
{
	if (s->what & HOLD) {
		body->held++;
	} else {
		if (s->what & BARE)
			put_held(body, body->held, out);
		body->held = 0;
	}
	if (s->what & BREAK)
		buf_put(out, "\r\n", 2);
	if (s->what & NAKED)
		body->bare_lf = true;
	if (s->what & KEEP)
		buf_putc(out, c);
	else if (c == '\0')
		body->nul = true;
	body->state = s->next;
	if (body->held == MOST_HELD) {
		put_held(body, MOST_HELD - 1, out);
		body->held = 1;
		body->state = CR;
	}
}

/* The length of the run of ordinary octets at ${in}. */
static size_t
run(const char *in, size_t len)
{
	size_t n = 0;

	while (n < len && columns[(unsigned char)in[n]] <= STOP)
		n++;
	return n;
}

enum body_status
body_decode(struct body *body, const char *in, size_t len, struct buf *out,
    size_t *used)
{
	const struct step(*steps)[COLUMNS] = body->chunked ? chunked
	    : body->loose                                  ? loose
							   : strict;
	size_t i = 0, n;

	must(body->state < END);
	while (i < len && body->state != END) {
		if (body->state == TEXT && (n = run(in + i, len - i)) > 0) {
			buf_put(out, in + i, n);
			i += n;
			continue;
		}
		do_step(body,
		    &steps[body->state][columns[(unsigned char)in[i]]], in[i],
		    out);
		i++;
	}
	*used = i;
	return body->state == END ? BODY_END : BODY_MORE;
}

void
body_finish(struct body *body, struct buf *out)
{
	must(body->chunked);
	put_held(body, body->held, out);
	if (body->state != LINE)
		buf_put(out, "\r\n", 2);
	body->held = 0;
	body->state = LINE;
}
