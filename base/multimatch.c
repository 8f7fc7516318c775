/* multimatch.c - see multimatch.h. */
#include "base/multimatch.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"

#ifdef WITH_HYPERSCAN

#include <hs.h>

struct multimatch {
	hs_database_t *database; /* NULL: no rules */
};

/* Scanning needs memory that fits the largest database.  There is one pattern
 * of it, and each thread has a copy, which it replaces when the pattern has
 * grown. */
static pthread_mutex_t pattern_lock = PTHREAD_MUTEX_INITIALIZER;
static hs_scratch_t *pattern;
static _Atomic unsigned grown; /* how often */

struct scratch {
	hs_scratch_t *scratch;
	unsigned grown;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static hs_platform_info_t platform;
static char version[128]; /* "": not on this processor */

static void
free_scratch(void *p)
{
	struct scratch *s = p;

	(void)hs_free_scratch(s->scratch);
	free(s);
}

static void
prepare(void)
{
	struct buf text = { 0 };

	if (pthread_key_create(&key, free_scratch) != 0)
		fatal("out of memory");
	if (hs_valid_platform() != HS_SUCCESS ||
	    hs_populate_platform(&platform) != HS_SUCCESS)
		return;
	buf_printf(&text, "%s tune %u features %llx", hs_version(),
	    platform.tune, platform.cpu_features);
	if (text.len < sizeof version)
		memcpy(version, text.data, text.len + 1);
	buf_free(&text);
}

const char *
multimatch_version(void)
{
	(void)pthread_once(&once, prepare);
	return version[0] != '\0' ? version : NULL;
}

static unsigned
library_flags(unsigned flags)
{
	/* An empty match is one, and one match says it all. */
	return HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY |
	    ((flags & MULTIMATCH_CASELESS) != 0 ? HS_FLAG_CASELESS : 0) |
	    ((flags & MULTIMATCH_DOTALL) != 0 ? HS_FLAG_DOTALL : 0) |
	    ((flags & MULTIMATCH_MULTILINE) != 0 ? HS_FLAG_MULTILINE : 0);
}

/* What is to be compiled: rules that the library knows how to, and as what. */
struct draft {
	const char **expressions;
	unsigned *flags, *ids;
	size_t count;
};

static void
draft_free(struct draft *d)
{
	free(d->expressions);
	free(d->flags);
	free(d->ids);
}

static bool
knows(const char *expression, unsigned flags)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;
	bool known =
	    hs_expression_info(expression, flags, &info, &error) == HS_SUCCESS;

	free(info);
	(void)hs_free_compile_error(error);
	return known;
}

/* Exactly if it can, else in a way that is met by more than it should. */
static void
draft_add(struct draft *d, const struct multimatch_rule *rule, size_t id)
{
	unsigned flags = library_flags(rule->flags);

	if (!knows(rule->expression, flags)) {
		flags |= HS_FLAG_PREFILTER;
		if (!knows(rule->expression, flags))
			return;
	}
	d->expressions[d->count] = rule->expression;
	d->flags[d->count] = flags;
	d->ids[d->count++] = (unsigned)id;
}

static void
draft_drop(struct draft *d, size_t i)
{
	d->count--;
	memmove(&d->expressions[i], &d->expressions[i + 1],
	    (d->count - i) * sizeof *d->expressions);
	memmove(
	    &d->flags[i], &d->flags[i + 1], (d->count - i) * sizeof *d->flags);
	memmove(&d->ids[i], &d->ids[i + 1], (d->count - i) * sizeof *d->ids);
}

static struct draft
draft_make(const struct multimatch_rule *rules, size_t n)
{
	struct draft d = {
		.expressions = calloc(n + 1, sizeof *d.expressions),
		.flags = calloc(n + 1, sizeof *d.flags),
		.ids = calloc(n + 1, sizeof *d.ids),
	};

	if (d.expressions == NULL || d.flags == NULL || d.ids == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++)
		draft_add(&d, &rules[i], i);
	return d;
}

/* Compile, without those that turn out to be too much only then. */
static hs_database_t *
draft_compile(struct draft *d, struct err *err)
{
	hs_database_t *database = NULL;
	hs_compile_error_t *error;
	bool again = true;
	int bad;

	while (again && d->count > 0) {
		error = NULL;
		if (hs_compile_multi(d->expressions, d->flags, d->ids,
			(unsigned)d->count, HS_MODE_BLOCK, &platform, &database,
			&error) == HS_SUCCESS)
			return database;
		bad = error != NULL ? error->expression : -1;
		again = bad >= 0 && (size_t)bad < d->count;
		if (again)
			draft_drop(d, (size_t)bad);
		else
			err_set(err, "%s",
			    error != NULL ? error->message : "no memory");
		(void)hs_free_compile_error(error);
	}
	if (d->count == 0)
		err_set(err, "no rule that the library could take");
	return NULL;
}

int
multimatch_compile(const struct multimatch_rule *rules, size_t n, bool *taken,
    struct buf *out, struct err *err)
{
	hs_database_t *database;
	struct draft d;
	char *bytes = NULL;
	size_t size = 0;

	if (multimatch_version() == NULL || n > UINT_MAX) {
		err_set(err, "not on this machine");
		return -1;
	}
	memset(taken, 0, n * sizeof *taken);
	d = draft_make(rules, n);
	database = draft_compile(&d, err);
	if (database != NULL &&
	    hs_serialize_database(database, &bytes, &size) == HS_SUCCESS) {
		buf_put(out, bytes, size);
		for (size_t i = 0; i < d.count; i++)
			taken[d.ids[i]] = true;
	} else if (database != NULL) {
		err_set(err, "no memory");
	}
	free(bytes);
	(void)hs_free_database(database);
	size = d.count;
	draft_free(&d);
	/* That no rule is taken is an answer, too. */
	return bytes != NULL || size == 0 ? 0 : -1;
}

/* Make the pattern of scratch memory fit. */
static bool
grow(const hs_database_t *database)
{
	size_t before = 0, after = 0;
	hs_error_t error;

	(void)pthread_mutex_lock(&pattern_lock);
	if (pattern != NULL)
		(void)hs_scratch_size(pattern, &before);
	error = hs_alloc_scratch(database, &pattern);
	if (error == HS_SUCCESS)
		(void)hs_scratch_size(pattern, &after);
	if (after != before)
		grown++;
	(void)pthread_mutex_unlock(&pattern_lock);
	return error == HS_SUCCESS;
}

struct multimatch *
multimatch_load(const char *data, size_t n, struct err *err)
{
	struct multimatch *many;

	if (multimatch_version() == NULL) {
		err_set(err, "not on this machine");
		return NULL;
	}
	many = calloc(1, sizeof *many);
	if (many == NULL)
		fatal("out of memory");
	if (n > 0 &&
	    (hs_deserialize_database(data, n, &many->database) != HS_SUCCESS ||
		!grow(many->database))) {
		err_set(err, "damaged, or made by another version");
		multimatch_free(many);
		return NULL;
	}
	return many;
}

void
multimatch_free(struct multimatch *many)
{
	if (many == NULL)
		return;
	(void)hs_free_database(many->database);
	free(many);
}

static hs_scratch_t *
scratch(void)
{
	struct scratch *s = pthread_getspecific(key);

	if (s != NULL && s->grown == grown)
		return s->scratch;
	if (s == NULL) {
		s = calloc(1, sizeof *s);
		if (s == NULL || pthread_setspecific(key, s) != 0)
			fatal("out of memory");
	}
	(void)hs_free_scratch(s->scratch);
	s->scratch = NULL;
	(void)pthread_mutex_lock(&pattern_lock);
	s->grown = grown;
	if (hs_clone_scratch(pattern, &s->scratch) != HS_SUCCESS)
		fatal("out of memory");
	(void)pthread_mutex_unlock(&pattern_lock);
	return s->scratch;
}

struct hits {
	void (*hit)(void *arg, unsigned rule);
	void *arg;
};

static int
take_hit(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
	const struct hits *hits = context;

	(void)from;
	(void)to;
	(void)flags;
	hits->hit(hits->arg, id);
	return 0;
}

bool
multimatch_scan(const struct multimatch *many, const char *text, size_t len,
    void (*hit)(void *arg, unsigned rule), void *arg)
{
	struct hits hits = { hit, arg };

	if (many->database == NULL)
		return true;
	if (len > UINT_MAX)
		return false;
	return hs_scan(many->database, text, (unsigned)len, 0, scratch(),
		   take_hit, &hits) == HS_SUCCESS;
}

#else

const char *
multimatch_version(void)
{
	return NULL;
}

int
multimatch_compile(const struct multimatch_rule *rules, size_t n, bool *taken,
    struct buf *out, struct err *err)
{
	(void)rules;
	(void)n;
	(void)taken;
	(void)out;
	err_set(err, "not in this build");
	return -1;
}

struct multimatch *
multimatch_load(const char *data, size_t n, struct err *err)
{
	(void)data;
	(void)n;
	err_set(err, "not in this build");
	return NULL;
}

void
multimatch_free(struct multimatch *many)
{
	(void)many;
}

bool
multimatch_scan(const struct multimatch *many, const char *text, size_t len,
    void (*hit)(void *arg, unsigned rule), void *arg)
{
	(void)many;
	(void)text;
	(void)len;
	(void)hit;
	(void)arg;
	return false;
}

#endif
