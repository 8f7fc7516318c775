/* milter_edit.c - see milter_edit.h. */
#include "proxy/milter_edit.h"

#include <string.h>
#include <strings.h>

#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/spool.h"
#include "checks/content_action.h"
#include "checks/content_verdict.h"
#include "proxy/esmtp.h"
#include "proxy/header_list.h"
#include "proxy/mail.h"
#include "proxy/milter_packet.h"
#include "proxy/milter_setting.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/address.h"
#include "rules/table.h"
#include "rules/world.h"

enum {
	MOST_OCTETS = 4 * 1024 * 1024, /* of all changes but the body's */
	EACH = 64,                     /* what one costs beside its texts */
};

void
milter_edit_open(struct milter_edit_list *list, struct arena *arena,
    const char *directory, uint64_t most)
{
	*list = (struct milter_edit_list){
		.arena = arena, .directory = directory, .most = most
	};
	list->end = &list->first;
}

void
milter_edit_close(struct milter_edit_list *list)
{
	spool_free(list->body);
	list->body = NULL;
}

static enum milter_edit_result
add_body(struct milter_edit_list *list, const struct milter_packet *packet,
    struct err *err)
{
	if (list->body_is_whole) {
		err_set(err,
		    "body replacement requests can't currently be mixed with "
		    "other requests");
		return MILTER_EDIT_REFUSED;
	}
	if (list->body == NULL)
		list->body = spool_new(list->directory);
	if (list->most > 0 && spool_size(list->body) + packet->len > list->most)
		return MILTER_EDIT_LARGE;
	if (spool_put(list->body, packet->data, packet->len, err) != 0)
		return MILTER_EDIT_FAILED;
	return MILTER_EDIT_TAKEN;
}

static size_t
length(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

enum milter_edit_result
milter_edit_add(struct milter_edit_list *list,
    const struct milter_packet *packet, struct err *err)
{
	struct milter_edit *edit;

	switch (packet->command) {
	case SMFIR_REPLBODY:
		return add_body(list, packet, err);
	case SMFIR_ADDHEADER:
	case SMFIR_INSHEADER:
	case SMFIR_CHGHEADER:
	case SMFIR_CHGFROM:
	case SMFIR_ADDRCPT:
	case SMFIR_ADDRCPT_PAR:
	case SMFIR_DELRCPT:
		break;
	default:
		return MILTER_EDIT_NONE;
	}
	list->body_is_whole = list->body != NULL;
	list->octets += EACH + length(packet->name) + length(packet->value);
	if (list->octets > MOST_OCTETS) {
		err_set(err, "too many changes to one message");
		return MILTER_EDIT_REFUSED;
	}
	edit = arena_alloc(list->arena, sizeof *edit);
	edit->command = packet->command;
	edit->number = packet->number;
	edit->name = arena_strdup(list->arena, packet->name);
	if (packet->value != NULL)
		edit->value = arena_strdup(list->arena, packet->value);
	*list->end = edit;
	list->end = &edit->next;
	return MILTER_EDIT_TAKEN;
}

/* The carrying out of a list. */
struct editing {
	struct session *session;
	struct mail *mail;
	struct header_list *headers;
	bool leading_space;
};

static struct event_by
cleanup(const struct session *s)
{
	return (
	    struct event_by){ .program = "cleanup", .number = s->by.number };
}

/* A warning with the queue id in front and ${text}, cut, in quotes behind. */
static void
warn(const struct editing *w, const char *what, const char *text)
{
	const struct event_by by = cleanup(w->session);

	event_warning(&by, "%s: %s: \"%.100s\"", w->session->qid, what, text);
}

static bool
is_name(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if ((unsigned char)*name <= 32 || *name == ':' ||
		    (unsigned char)*name >= 127)
			return false;
	return true;
}

/* "Name: value" of which no part can begin a header of its own (hostile row
 * 36), or go on behind what a header may have. */
static const char *
header_text(const struct editing *w, const char *name, const char *value)
{
	size_t most = (size_t)w->session->params->header_size_limit;
	const char *text;
	struct buf out = { 0 };

	buf_printf(&out, "%s:%s", name, w->leading_space ? "" : " ");
	for (const char *p = value; *p != '\0' && out.len < most; p++) {
		if (*p == '\r')
			buf_puts(&out, p[1] == '\n' ? "" : " ");
		else
			buf_putc(&out, *p);
		if (*p == '\n' && p[1] != ' ' && p[1] != '\t')
			buf_putc(&out, '\t');
	}
	while (out.len > 0 && strchr("\n\t", out.data[out.len - 1]) != NULL)
		buf_cut(&out, out.len - 1);
	text = arena_strdup(w->mail->arena, buf_str(&out));
	buf_free(&out);
	return text;
}

static void
could_not_ask(const struct editing *w)
{
	const struct event_by by = { .program = "cleanup",
		.number = w->session->by.number,
		.qid = w->session->qid };

	event_warning(&by,
	    "milter_header_checks map lookup problem -- message not accepted, "
	    "try again later");
	content_verdict_reject(&w->mail->message.verdict, 451, "4.3.0",
	    "Error: queue file write error");
}

/* What milter_header_checks make of a header; NULL: it is left out. */
static const char *
checked(const struct editing *w, const char *text)
{
	struct session *s = w->session;
	const struct table_list *list = s->service->milters->header_checks;
	struct content_match match = { .subject = &s->subject,
		.verdict = &w->mail->message.verdict,
		.scratch = w->mail->arena,
		.header = true,
		.milter = true,
		.longest = (size_t)s->params->header_size_limit,
		.content = text };
	struct table_value value;

	if (list == NULL)
		return text;
	switch (world_find_any(
	    s->subject.world, w->mail->arena, list, text, &value)) {
	case TABLE_NONE:
		return text;
	case TABLE_FAILED:
		could_not_ask(w);
		return text;
	case TABLE_FOUND:
		break;
	}
	match.table = list->name;
	match.value = value.text;
	match.file = value.file;
	match.line = value.line;
	s->subject.arena = session_arena(s);
	return content_action(&match, &text) == CONTENT_DROP ? NULL : text;
}

/* Add, insert or change a header. */
static void
edit_header(const struct editing *w, const struct milter_edit *edit)
{
	struct header_list *list = w->headers;
	size_t nth = edit->number > 0 ? edit->number : 1, at = list->count;
	const char *text;

	if (!is_name(edit->name)) {
		warn(w, "ignoring header from Milter with a bad name",
		    edit->name);
		return;
	}
	if (edit->command == SMFIR_CHGHEADER)
		at = header_list_find(list, edit->name, nth);
	if (edit->command == SMFIR_CHGHEADER && edit->value[0] == '\0') {
		if (at < list->count)
			header_list_remove(list, at);
		return;
	}
	text = checked(w, header_text(w, edit->name, edit->value));
	if (text == NULL)
		return;
	if (edit->command == SMFIR_INSHEADER)
		header_list_insert(list, edit->number, text);
	else if (at < list->count)
		header_list_replace(list, at, text);
	else
		header_list_insert(list, at, text);
}

/* The internal form of the address in ${text}, with or without <>; "" is one.
 * NULL: there is none; so is one that would name a command or a file. */
static const char *
read_address(const struct editing *w, const char *text, const char *several)
{
	const char *rest = "", *address = "";
	unsigned flags = ADDRESS_EMPTY_OK | ADDRESS_UTF8;

	text += strspn(text, " \t");
	if (*text != '\0')
		address = address_path(w->mail->arena, text, flags, &rest);
	if (address == NULL || (*rest != '\0' && *rest != '>'))
		warn(w, several, text);
	if (address != NULL && strchr("|/:", address[0]) != NULL &&
	    address[0] != '\0') {
		warn(w, "ignoring address from Milter", text);
		return NULL;
	}
	return address;
}

/* The next of the parameters in *rest, which may be NULL. */
static const char *
next_word(const char **rest, struct arena *arena)
{
	static const char blanks[] = " \t\r\n\v\f";
	const char *p = *rest;
	size_t n;

	if (p == NULL)
		return NULL;
	p += strspn(p, blanks);
	n = strcspn(p, blanks);
	*rest = p + n;
	return n > 0 ? arena_strndup(arena, p, n) : NULL;
}

static void
read_rcpt_option(
    const struct editing *w, const char *word, struct mail_rcpt *rcpt)
{
	if (strncasecmp(word, "NOTIFY=", 7) == 0) {
		rcpt->notify = esmtp_notify(word + 7);
		if (rcpt->notify == 0)
			warn(w,
			    "Bad NOTIFY parameter from Milter or "
			    "header/body_checks",
			    word);
	} else if (strncasecmp(word, "ORCPT=", 6) == 0) {
		if (esmtp_orcpt(w->mail->arena, word + 6))
			rcpt->orcpt = word + 6;
		else
			warn(w,
			    "Bad ORCPT parameter from Milter or "
			    "header/body_checks",
			    word);
	} else {
		warn(w,
		    "ignoring ESMTP argument from Milter or "
		    "header/body_checks",
		    word);
	}
}

static void
edit_rcpt(const struct editing *w, const struct milter_edit *edit)
{
	bool remove = edit->command == SMFIR_DELRCPT;
	struct mail_rcpt rcpt = { .orcpt = "" };
	const char *rest = edit->value, *word;

	rcpt.address = read_address(w, edit->name,
	    remove ? "Milter request to drop multi-recipient"
		   : "Milter or header/body_checks request to add "
		     "multi-recipient");
	if (rcpt.address == NULL)
		return;
	if (rcpt.address[0] == '\0') {
		const struct event_by by = cleanup(w->session);

		event_warning(&by,
		    "%s: ignoring attempt from Milter to %s null recipient",
		    w->session->qid, remove ? "drop" : "add");
		return;
	}
	while ((word = next_word(&rest, w->mail->arena)) != NULL)
		read_rcpt_option(w, word, &rcpt);
	mail_edit_rcpt(w->mail, &rcpt, remove);
}

static void
read_sender_option(const struct editing *w, const char *word)
{
	const struct event_by by = cleanup(w->session);
	char ret;

	if (strncasecmp(word, "RET=", 4) == 0 &&
	    (ret = esmtp_ret(word + 4)) != 0)
		w->mail->ret = ret;
	else if (strncasecmp(word, "ENVID=", 6) == 0 &&
	    esmtp_envid(w->mail->arena, word + 6))
		w->mail->envid = arena_strdup(w->mail->arena, word + 6);
	else
		event_warning(&by,
		    "Ignoring bad ESMTP parameter \"%.100s\" in SMFI_CHGFROM "
		    "request",
		    word);
}

static void
edit_sender(const struct editing *w, const struct milter_edit *edit)
{
	const char *rest = edit->value, *word;
	const char *sender =
	    read_address(w, edit->name, "Milter request to add multi-sender");

	if (sender == NULL)
		return;
	w->mail->sender = sender;
	while ((word = next_word(&rest, w->mail->arena)) != NULL)
		read_sender_option(w, word);
}

static bool
is_over(const struct editing *w)
{
	const struct content_verdict *verdict = &w->mail->message.verdict;

	return verdict->code != 0 ||
	    content_verdict_has(verdict, EFFECT_DISCARD);
}

void
milter_edit_apply(struct session *s, const struct milter_edit_list *list,
    struct header_list *headers, bool leading_space)
{
	const struct editing w = { .session = s,
		.mail = s->mail,
		.headers = headers,
		.leading_space = leading_space };

	for (const struct milter_edit *edit = list->first;
	     edit != NULL && !is_over(&w); edit = edit->next)
		switch (edit->command) {
		case SMFIR_CHGFROM:
			edit_sender(&w, edit);
			break;
		case SMFIR_ADDRCPT:
		case SMFIR_ADDRCPT_PAR:
		case SMFIR_DELRCPT:
			edit_rcpt(&w, edit);
			break;
		default:
			edit_header(&w, edit);
		}
}
