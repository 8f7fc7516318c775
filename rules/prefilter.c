/* prefilter.c - see prefilter.h. */
#include "rules/prefilter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/chores.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/multimatch.h"
#include "rules/chunk.h"

enum {
	WORD = 64,
	/* Where chunks end depends on what stands there, so that a change of
	 * one rule changes one chunk.  Of so many, on average. */
	LEAST_RULES = 500,
	MORE_RULES = 512,
};

/* How often the cache is looked at for what is being compiled. */
#define FIRST_PAUSE (CLOCK_SECOND / 5)
#define MOST_PAUSE  (CLOCK_SECOND * 60)

struct part {
	struct chunk_draft draft;
	size_t first; /* of p->rules */
	char name[CHUNK_NAME];
	struct chunk *chunk; /* NULL: not there yet */
	bool asked;
};

/* What look-ups see; replaced when more chunks have come. */
struct view {
	struct view *older; /* somebody may still use it */
	size_t words;
	uint64_t *all; /* rules that no chunk knows */
	size_t nparts;
	const struct part *parts[];
};

struct prefilter {
	struct chore chore;
	const char *name;
	size_t count;    /* rules of the table */
	uint32_t *rules; /* that have an expression here */
	size_t nrules, room;
	struct part *parts;
	size_t nparts;
	int64_t pause;
	_Atomic(struct view *) view;
};

static struct prefilter_settings current;
static bool started;

/* The bits of a thread. */
struct bits {
	size_t words;
	uint64_t word[];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void
prepare(void)
{
	if (pthread_key_create(&key, free) != 0)
		fatal("out of memory");
}

static uint64_t *
thread_bits(size_t words)
{
	struct bits *bits = pthread_getspecific(key);

	if (bits != NULL && bits->words >= words)
		return bits->word;
	bits = realloc(bits, sizeof *bits + words * sizeof bits->word[0]);
	if (bits == NULL || pthread_setspecific(key, bits) != 0)
		fatal("out of memory");
	bits->words = words;
	return bits->word;
}

void
prefilter_start(const struct prefilter_settings *settings)
{
	current = *settings;
	if (current.least == 0)
		current.least = PREFILTER_LEAST;
	started = true;
}

struct prefilter *
prefilter_new(void)
{
	struct prefilter *p;

	if (multimatch_version() == NULL)
		return NULL;
	(void)pthread_once(&once, prepare);
	p = calloc(1, sizeof *p);
	if (p == NULL)
		fatal("out of memory");
	p->pause = FIRST_PAUSE;
	return p;
}

static void
part_free(struct part *part)
{
	buf_free(&part->draft.text);
	chunk_free(part->chunk);
}

void
prefilter_free(struct prefilter *p)
{
	struct view *older;

	if (p == NULL)
		return;
	chores_remove(&p->chore);
	for (struct view *v = p->view; v != NULL; v = older) {
		older = v->older;
		free(v->all);
		free(v);
	}
	for (size_t i = 0; i < p->nparts; i++)
		part_free(&p->parts[i]);
	free(p->parts);
	free(p->rules);
	free(p);
}

static bool
ends_part(const struct part *part, const char *expression)
{
	uint32_t hash = 2166136261;

	if (part->draft.count >= CHUNK_MOST_RULES)
		return true;
	if (part->draft.count < LEAST_RULES)
		return false;
	for (const char *s = expression; *s != '\0'; s++)
		hash = (hash ^ (unsigned char)*s) * 16777619;
	return hash % MORE_RULES == 0;
}

void
prefilter_add(
    struct prefilter *p, size_t rule, const char *expression, unsigned flags)
{
	struct part *part = p->nparts > 0 ? &p->parts[p->nparts - 1] : NULL;

	if (p->nrules == p->room) {
		p->room = p->room > 0 ? p->room * 2 : 64;
		p->rules = realloc(p->rules, p->room * sizeof *p->rules);
		if (p->rules == NULL)
			fatal("out of memory");
	}
	if (part == NULL || ends_part(part, expression)) {
		p->parts =
		    realloc(p->parts, (p->nparts + 1) * sizeof *p->parts);
		if (p->parts == NULL)
			fatal("out of memory");
		part = &p->parts[p->nparts++];
		memset(part, 0, sizeof *part);
		part->first = p->nrules;
	}
	chunk_draft_add(&part->draft, expression, flags);
	p->rules[p->nrules++] = (uint32_t)rule;
}

static void
set_bit(uint64_t *words, size_t i)
{
	words[i / WORD] |= UINT64_C(1) << i % WORD;
}

static void
clear_bit(uint64_t *words, size_t i)
{
	words[i / WORD] &= ~(UINT64_C(1) << i % WORD);
}

/* Let look-ups see what has come. */
static void
publish(struct prefilter *p)
{
	struct view *v =
	    calloc(1, sizeof *v + p->nparts * sizeof(const struct part *));

	if (v == NULL)
		fatal("out of memory");
	v->words = (p->count + WORD - 1) / WORD;
	v->all = malloc(v->words * sizeof *v->all);
	if (v->all == NULL)
		fatal("out of memory");
	memset(v->all, 0, v->words * sizeof *v->all);
	for (size_t i = 0; i < p->count; i++)
		set_bit(v->all, i);
	for (size_t i = 0; i < p->nparts; i++) {
		const struct part *part = &p->parts[i];

		if (part->chunk == NULL)
			continue;
		v->parts[v->nparts++] = part;
		for (size_t k = 0; k < chunk_count(part->chunk); k++)
			if (chunk_has(part->chunk, k))
				clear_bit(v->all, p->rules[part->first + k]);
	}
	v->older = p->view;
	atomic_store(&p->view, v);
}

/* Take the file into use; it must be of these rules. */
static bool
take_chunk(struct part *part, struct chunk *chunk)
{
	if (chunk == NULL)
		return false;
	must(chunk_count(chunk) == part->draft.count);
	part->chunk = chunk;
	buf_free(&part->draft.text);
	return true;
}

static void
ask_for(struct part *part)
{
	int fd = memfd_create("patterns", MFD_CLOEXEC);

	part->asked = true;
	if (fd < 0)
		return;
	if (write(fd, part->draft.text.data, part->draft.text.len) ==
	    (ssize_t)part->draft.text.len)
		current.ask(current.arg, fd);
	else
		(void)close(fd);
}

/* One part that is not there yet: is it now?  It is asked for once, and a file
 * that is damaged, too, is compiled again. */
static bool
load(const struct prefilter *p, struct part *part)
{
	struct err err = { "" };
	bool missing;

	if (part->name[0] == '\0')
		chunk_name(
		    part->draft.text.data, part->draft.text.len, part->name);
	if (take_chunk(part,
		chunk_load(current.directory, part->name, &missing, &err)))
		return true;
	if (!missing && !part->asked)
		event_warning(NULL, "%s: %s", p->name, err.text);
	if (!part->asked)
		ask_for(part);
	return false;
}

static void
tell(const struct prefilter *p)
{
	const struct view *v = p->view;
	size_t known = 0;

	for (size_t i = 0; i < p->count; i++)
		known += (v->all[i / WORD] >> i % WORD & 1) == 0;
	event_info(NULL, "%s: %zu of %zu rules are prefiltered", p->name, known,
	    p->count);
}

static int64_t
run(struct chore *chore)
{
	struct prefilter *p = (struct prefilter *)(void *)((char *)chore -
	    offsetof(struct prefilter, chore));
	size_t missing = 0;
	bool news = false;

	if (!started)
		return -1;
	for (size_t i = 0; i < p->nparts; i++) {
		if (p->parts[i].chunk != NULL)
			continue;
		if (load(p, &p->parts[i]))
			news = true;
		else
			missing++;
	}
	if (news) {
		publish(p);
		p->pause = FIRST_PAUSE;
	}
	if (missing == 0) {
		tell(p);
		return -1;
	}
	p->pause += p->pause / 16;
	if (p->pause > MOST_PAUSE)
		p->pause = MOST_PAUSE;
	return p->pause;
}

static void
compile_here(struct prefilter *p)
{
	for (size_t i = 0; i < p->nparts; i++) {
		const struct buf *text = &p->parts[i].draft.text;
		struct err err = { "" };
		struct buf out = { 0 };

		if (chunk_compile(text->data, text->len, &out, &err) == 0)
			(void)take_chunk(
			    &p->parts[i], chunk_parse(out.data, out.len, &err));
		buf_free(&out);
	}
	publish(p);
}

void
prefilter_ready(struct prefilter *p, const char *name, size_t count)
{
	p->name = name;
	p->count = count;
	if (p->nrules < (started ? current.least : PREFILTER_LEAST))
		return;
	if (started && current.at_once) {
		compile_here(p);
	} else {
		p->chore.run = run;
		chores_add(&p->chore);
	}
}

struct scan {
	uint64_t *bits;
	const uint32_t *rules;
};

static void
hit(void *arg, unsigned i)
{
	const struct scan *scan = arg;

	set_bit(scan->bits, scan->rules[i]);
}

const uint64_t *
prefilter_candidates(struct prefilter *p, const char *text, size_t len)
{
	const struct view *v = p != NULL
	    ? atomic_load_explicit(&p->view, memory_order_acquire)
	    : NULL;
	struct scan scan;

	if (v == NULL)
		return NULL;
	scan.bits = thread_bits(v->words);
	memcpy(scan.bits, v->all, v->words * sizeof *v->all);
	for (size_t i = 0; i < v->nparts; i++) {
		scan.rules = p->rules + v->parts[i]->first;
		if (!chunk_scan(v->parts[i]->chunk, text, len, hit, &scan))
			return NULL;
	}
	return scan.bits;
}

const uint64_t *
prefilter_unknown(struct prefilter *p)
{
	const struct view *v = p != NULL ? atomic_load(&p->view) : NULL;

	return v != NULL ? v->all : NULL;
}
