/* milterd_calls.c - see milterd_calls.h. */
#include "policy/milterd_calls.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "policy/milterd_change.h"
#include "policy/milterd_mta.h"
#include "policy/policy_events.h"

enum {
	/* A reply's text, before per cents are doubled: libmilter takes 980
	 * octets. */
	MOST_TEXT = 480,
	ACTIONS = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY |
	    SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_QUARANTINE | SMFIF_SETSYMLIST,
	/* Nothing is said about content before its end. */
	STEPS = SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY |
	    SMFIP_HDR_LEADSPC | SMFIP_NOUNKNOWN,
};

/* A connection of an MTA, which may have several sessions, one after the
 * other. */
struct line {
	struct milterd_visit *visit;              /* NULL: no session */
	bool quiet_header, quiet_end, quiet_body; /* no answer is expected */
	bool blanks; /* values of headers have their first blank */
	bool busy;
};

static struct milterd_calls *here;

/* Whether calls are still answered; leave() in any case. */
static bool
enter(void)
{
	(void)pthread_rwlock_rdlock(&here->lock);
	return !here->over;
}

static sfsistat
leave(sfsistat answer)
{
	(void)pthread_rwlock_unlock(&here->lock);
	return answer;
}

static const char *
get_macro(void *arg, const char *name)
{
	char copy[32];

	(void)snprintf(copy, sizeof copy, "%s", name);
	return smfi_getsymval(arg, copy);
}

static void
set_busy(struct line *line, bool busy)
{
	if (line->busy == busy)
		return;
	line->busy = busy;
	if (busy)
		here->busy++;
	else
		here->busy--;
}

static void
end_message(struct line *line)
{
	set_busy(line, false);
	if (line->visit != NULL)
		milterd_visit_forget(line->visit);
}

static void
end_session(struct line *line)
{
	set_busy(line, false);
	if (line->visit != NULL)
		here->open--;
	milterd_visit_free(line->visit);
	line->visit = NULL;
}

/* A session, begun if there is none: a client need not be told of. */
static struct milterd_visit *
visit_of(struct line *line)
{
	if (line->visit == NULL) {
		line->visit = milterd_visit_new(&here->visits, ++here->numbers);
		here->open++;
	}
	return line->visit;
}

/* Both MTAs take a doubled per cent for one. */
static char *
reply_text(struct arena *arena, const char *text)
{
	size_t n = strnlen(text, MOST_TEXT);
	char *copy = arena_alloc(arena, 2 * n + 1), *to = copy;

	for (size_t i = 0; i < n; i++) {
		bool control = (unsigned char)text[i] < 32 || text[i] == 127;

		*to = text[i];
		if (control)
			*to = ' ';
		if (*to++ == '%')
			*to++ = '%';
	}
	*to = '\0';
	return copy;
}

static sfsistat
refuse(SMFICTX *ctx, struct milterd_visit *v)
{
	char code[8], *text = reply_text(v->mail, v->text);
	char *dsn = arena_strdup(v->mail, v->dsn);

	(void)snprintf(code, sizeof code, "%d", v->code);
	/* A code of its own that does not fit the reply is left out. */
	if (smfi_setreply(ctx, code, dsn, text) != MI_SUCCESS)
		(void)smfi_setreply(ctx, code, NULL, text);
	return v->code >= 500 ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

/* The client waits; this thread has nothing else to do. */
static void
pause_for(int64_t ns)
{
	int64_t until = clock_mono() + ns, left;

	while ((left = until - clock_mono()) > 0)
		(void)poll(NULL, 0,
		    left > CLOCK_SECOND ? 1000 : (int)(left / CLOCK_MS) + 1);
}

static sfsistat
say(SMFICTX *ctx, struct milterd_visit *v, enum milterd_answer answer)
{
	if (v->pause > 0)
		pause_for(v->pause);
	v->pause = 0;
	switch (answer) {
	case MILTERD_CONTINUE:
		break;
	case MILTERD_REFUSE:
		return refuse(ctx, v);
	case MILTERD_DISCARD:
		return SMFIS_DISCARD;
	}
	return SMFIS_CONTINUE;
}

static void
want_macros(SMFICTX *ctx, int where, const char *names)
{
	char copy[256];

	(void)snprintf(copy, sizeof copy, "%s", names);
	(void)smfi_setsymlist(ctx, where, copy);
}

static sfsistat
/* NOLINTNEXTLINE(readability-function-size): the type is libmilter's. */
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *our_actions,
    unsigned long *our_steps, unsigned long *our_f2, unsigned long *our_f3)
{
	struct line *line;

	(void)f2;
	(void)f3;
	line = smfi_getpriv(ctx);
	if (line == NULL)
		line = calloc(1, sizeof *line);
	if (line == NULL)
		fatal("out of memory");
	(void)smfi_setpriv(ctx, line);
	*our_actions = actions & ACTIONS;
	*our_steps = steps & STEPS;
	*our_f2 = *our_f3 = 0;
	line->quiet_header = (*our_steps & SMFIP_NR_HDR) != 0;
	line->quiet_end = (*our_steps & SMFIP_NR_EOH) != 0;
	line->quiet_body = (*our_steps & SMFIP_NR_BODY) != 0;
	line->blanks = (*our_steps & SMFIP_HDR_LEADSPC) != 0;
	if ((actions & SMFIF_SETSYMLIST) != 0) {
		want_macros(ctx, SMFIM_CONNECT, milterd_facts_connect);
		want_macros(ctx, SMFIM_HELO, milterd_facts_helo);
		want_macros(ctx, SMFIM_ENVFROM, milterd_facts_mail);
		want_macros(ctx, SMFIM_ENVRCPT, milterd_facts_rcpt);
		want_macros(ctx, SMFIM_DATA, milterd_facts_rcpt);
		want_macros(ctx, SMFIM_EOM, milterd_facts_rcpt);
	}
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	const struct milterd_macros macros = { get_macro, ctx };
	struct line *line = smfi_getpriv(ctx);
	struct milterd_visit *v;
	char limit[16];

	if (!enter() || line == NULL)
		return leave(SMFIS_TEMPFAIL);
	end_session(line);
	if (here->most > 0 && here->open >= here->most) {
		(void)snprintf(limit, sizeof limit, "%u", here->most);
		event(&policy_events_many,
		    &(struct event_by){ .program = "milter" }, "service",
		    here->service, "limit", limit, NULL);
		return leave(SMFIS_TEMPFAIL);
	}
	v = visit_of(line);
	return leave(
	    say(ctx, v, milterd_visit_connect(v, &macros, name, address)));
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	const struct milterd_macros macros = { get_macro, ctx };
	struct line *line = smfi_getpriv(ctx);
	struct milterd_visit *v;

	if (!enter() || line == NULL)
		return leave(SMFIS_TEMPFAIL);
	v = visit_of(line);
	set_busy(line, false);
	return leave(say(
	    ctx, v, milterd_visit_helo(v, &macros, name != NULL ? name : "")));
}

static sfsistat
on_mail(SMFICTX *ctx, char **words)
{
	const struct milterd_macros macros = { get_macro, ctx };
	struct line *line = smfi_getpriv(ctx);
	struct milterd_visit *v;
	sfsistat answer;

	if (!enter() || line == NULL || words == NULL || words[0] == NULL)
		return leave(SMFIS_TEMPFAIL);
	v = visit_of(line);
	set_busy(line, true);
	answer = say(ctx, v, milterd_visit_mail(v, &macros, words));
	if (answer != SMFIS_CONTINUE)
		end_message(line);
	return leave(answer);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **words)
{
	const struct milterd_macros macros = { get_macro, ctx };
	struct line *line = smfi_getpriv(ctx);

	if (!enter() || line == NULL || !line->busy || words == NULL ||
	    words[0] == NULL)
		return leave(SMFIS_TEMPFAIL);
	return leave(say(
	    ctx, line->visit, milterd_visit_rcpt(line->visit, &macros, words)));
}

static sfsistat
on_data(SMFICTX *ctx)
{
	const struct milterd_macros macros = { get_macro, ctx };
	struct line *line = smfi_getpriv(ctx);

	if (!enter() || line == NULL || !line->busy)
		return leave(SMFIS_TEMPFAIL);
	return leave(
	    say(ctx, line->visit, milterd_visit_data(line->visit, &macros)));
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct line *line = smfi_getpriv(ctx);
	struct milterd_visit *v;
	char *with;

	if (!enter() || line == NULL || !line->busy)
		return leave(SMFIS_TEMPFAIL);
	v = line->visit;
	if (line->blanks) {
		milterd_message_header(milterd_visit_content(v), name, value);
	} else {
		if (asprintf(&with, " %s", value) < 0)
			fatal("out of memory");
		milterd_message_header(milterd_visit_content(v), name, with);
		free(with);
	}
	return leave(line->quiet_header ? SMFIS_NOREPLY : SMFIS_CONTINUE);
}

static sfsistat
on_headers_end(SMFICTX *ctx)
{
	struct line *line = smfi_getpriv(ctx);

	if (!enter() || line == NULL || !line->busy)
		return leave(SMFIS_TEMPFAIL);
	milterd_message_body(milterd_visit_content(line->visit), "", 0);
	return leave(line->quiet_end ? SMFIS_NOREPLY : SMFIS_CONTINUE);
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *data, size_t n)
{
	struct line *line = smfi_getpriv(ctx);

	if (!enter() || line == NULL || !line->busy)
		return leave(SMFIS_TEMPFAIL);
	milterd_message_body(
	    milterd_visit_content(line->visit), (const char *)data, n);
	return leave(line->quiet_body ? SMFIS_NOREPLY : SMFIS_CONTINUE);
}

static sfsistat
on_end(SMFICTX *ctx)
{
	const struct milterd_macros macros = { get_macro, ctx };
	struct line *line = smfi_getpriv(ctx);
	struct milterd_outcome outcome;
	enum milterd_answer answer;
	struct milterd_mta mta;
	sfsistat said;

	if (!enter() || line == NULL || !line->busy)
		return leave(SMFIS_TEMPFAIL);
	mta = milterd_mta_of(ctx, line->blanks);
	answer = milterd_visit_end(line->visit, &macros, &outcome);
	if (answer == MILTERD_CONTINUE &&
	    !milterd_change(&mta, line->visit, &outcome))
		said = SMFIS_TEMPFAIL;
	else
		said = say(ctx, line->visit, answer);
	end_message(line);
	return leave(said);
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct line *line = smfi_getpriv(ctx);

	if (enter() && line != NULL)
		end_message(line);
	return leave(SMFIS_CONTINUE);
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct line *line = smfi_getpriv(ctx);

	if (enter() && line != NULL) {
		end_session(line);
		free(line);
		(void)smfi_setpriv(ctx, NULL);
	}
	return leave(SMFIS_CONTINUE);
}

bool
milterd_calls_register(struct milterd_calls *calls)
{
	static char name[] = "weir";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = ACTIONS,
		.xxfi_negotiate = on_negotiate,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_data = on_data,
		.xxfi_header = on_header,
		.xxfi_eoh = on_headers_end,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
	};

	here = calls;
	return smfi_register(description) == MI_SUCCESS;
}
