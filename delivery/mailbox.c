/* mailbox.c - see mailbox.h. */
#include "delivery/mailbox.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/frame.h"
#include "delivery/maildir.h"
#include "delivery/mbox.h"

enum { MAILDIR = 1, SPOOL = 2, STRICT = 4, NAMED = 8, BIFF = 16 };

void
mailbox_print(const struct mailbox *m, struct buf *out)
{
	size_t start = frame_begin(out, MAILBOX_DELIVER, 0);

	frame_put_str(out, m->base);
	frame_put_str(out, m->path);
	frame_put_num(out,
	    (m->maildir ? MAILDIR : 0U) | (m->spool ? SPOOL : 0U) |
		(m->strict ? STRICT : 0U) | (m->named ? NAMED : 0U) |
		(m->biff ? BIFF : 0U));
	frame_put_str(out, m->user);
	frame_put_num(out, m->uid);
	frame_put_num(out, m->gid);
	frame_put_num(out, m->limit);
	frame_put_num(out, m->locks);
	frame_put_num(out, m->attempts);
	frame_put_num(out, (uint64_t)m->delay);
	frame_put_num(out, (uint64_t)m->stale);
	frame_put_str(out, m->name);
	frame_put_str(out, m->from);
	frame_put_str(out, m->head);
	frame_put_num(out, m->size);
	frame_end(out, start);
}

bool
mailbox_safe_path(const char *path)
{
	if (*path == '\0' || *path == '/' || strlen(path) >= MAILBOX_PATH)
		return false;
	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
		if (*path == '/')
			path++;
	}
	return true;
}

/* What a deliver role in the wrong hands must not be able to ask for. */
static bool
acceptable(const struct mailbox *m)
{
	return m->uid != 0 && m->gid != 0 && m->uid != UINT32_MAX &&
	    m->gid != UINT32_MAX && mailbox_safe_path(m->path) &&
	    m->base[0] == '/' && strlen(m->base) < MAILBOX_PATH &&
	    strchr(m->name, '/') == NULL && m->name[0] != '.' &&
	    m->name[0] != '\0' && strlen(m->name) < 200 &&
	    strlen(m->head) < MAILBOX_HEAD &&
	    strncmp(m->from, "From ", 5) == 0 &&
	    strchr(m->from, '\n') == NULL && m->delay >= 0 && m->stale >= 0;
}

bool
mailbox_parse(const struct frame *frame, struct arena *arena, struct mailbox *m)
{
	struct frame_reader r = { frame->body, frame->body + frame->len,
		false };
	uint64_t flags, uid, gid;

	if (frame->type != MAILBOX_DELIVER)
		return false;
	*m = (struct mailbox){ .base = frame_str(&r, arena) };
	m->path = frame_str(&r, arena);
	flags = frame_num(&r);
	m->maildir = (flags & MAILDIR) != 0;
	m->spool = (flags & SPOOL) != 0;
	m->strict = (flags & STRICT) != 0;
	m->named = (flags & NAMED) != 0;
	m->biff = (flags & BIFF) != 0;
	m->user = frame_str(&r, arena);
	uid = frame_num(&r);
	gid = frame_num(&r);
	m->uid = (uint32_t)uid;
	m->gid = (uint32_t)gid;
	m->limit = frame_num(&r);
	m->locks = (unsigned)frame_num(&r);
	m->attempts = (unsigned)frame_num(&r);
	m->delay = (int64_t)frame_num(&r);
	m->stale = (int64_t)frame_num(&r);
	m->name = frame_str(&r, arena);
	m->from = frame_str(&r, arena);
	m->head = frame_str(&r, arena);
	m->size = frame_num(&r);
	return !r.bad && r.p == r.end && uid <= UINT32_MAX &&
	    gid <= UINT32_MAX && acceptable(m);
}

void
mailbox_answer_print(const struct mailbox_answer *a, struct buf *out)
{
	size_t start = frame_begin(out, MAILBOX_ANSWER, 0);

	frame_put_num(out, a->result);
	frame_put_str(out, a->dsn);
	frame_put_str(out, a->text);
	frame_put_str(out, a->warning);
	frame_put_str(out, a->diagnostic);
	frame_end(out, start);
}

bool
mailbox_answer_parse(
    const struct frame *frame, struct arena *arena, struct mailbox_answer *a)
{
	struct frame_reader r = { frame->body, frame->body + frame->len,
		false };
	uint64_t result = frame_num(&r);

	a->dsn = frame_str(&r, arena);
	a->text = frame_str(&r, arena);
	a->warning = frame_str(&r, arena);
	a->diagnostic = frame_str(&r, arena);
	if (frame->type != MAILBOX_ANSWER || r.bad || r.p != r.end ||
	    result > MAILBOX_BOUNCE)
		return false;
	a->result = (enum mailbox_result)result;
	return true;
}

bool
mailbox_locks(const char *text, unsigned *locks)
{
	static const struct {
		const char *name;
		enum mailbox_lock lock;
	} kinds[] = {
		{ "flock", MAILBOX_FLOCK },
		{ "fcntl", MAILBOX_FCNTL },
		{ "dotlock", MAILBOX_DOTLOCK },
	};
	struct arena *arena = arena_new();
	const char *word;
	bool ok = true;

	*locks = 0;
	while (ok && (word = conf_word(&text, arena)) != NULL) {
		ok = false;
		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
			if (strcmp(word, kinds[i].name) != 0)
				continue;
			*locks |= kinds[i].lock;
			ok = true;
		}
	}
	arena_free(arena);
	return ok && *locks != 0;
}

void
mailbox_write(const struct mailbox *m, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer)
{
	*answer = (struct mailbox_answer){ .result = MAILBOX_DEFER,
		.dsn = "4.3.0",
		.text = "",
		.warning = "" };
	if (m->maildir)
		maildir_write(m, in, arena, answer);
	else
		mbox_write(m, in, arena, answer);
}
