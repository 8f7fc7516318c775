/* table_nis.c - nis:map: a map of the host's NIS domain, by libnsl. */
#include "rules/table_nis.h"

#include <rpcsvc/ypclnt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/client_library.h"
#include "rules/gate.h"

static struct {
	__typeof__(yp_get_default_domain) *get_default_domain;
	__typeof__(yp_match) *match;
	__typeof__(yperr_string) *error;
} yp;

static struct client_library library = {
	.files = (const char *const[]){ "libnsl.so.2", NULL },
	.package = "libnsl2",
	.symbols =
	    (const struct client_library_symbol[]){
		{ "yp_get_default_domain",
		    offsetof(__typeof__(yp), get_default_domain) },
		{ "yp_match", offsetof(__typeof__(yp), match) },
		{ "yperr_string", offsetof(__typeof__(yp), error) },
		{ NULL, 0 } },
	.functions = &yp,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

enum { WAIT_SECONDS = 10 };

struct nis {
	char *map;
	const char *domain; /* the library's */
	/* The library keeps one binding for the process: one look-up at a
	 * time, and a server that is away takes no more than one worker for
	 * long. */
	struct gate gate;
	bool busy;
};

static bool
enter(struct nis *t)
{
	int64_t deadline = clock_mono() + WAIT_SECONDS * CLOCK_SECOND;
	bool entered;

	gate_lock(&t->gate);
	while (t->busy && gate_wait(&t->gate, deadline))
		;
	entered = !t->busy;
	if (entered)
		t->busy = true;
	gate_unlock(&t->gate);
	return entered;
}

static void
leave(struct nis *t)
{
	gate_lock(&t->gate);
	t->busy = false;
	gate_free(&t->gate);
	gate_unlock(&t->gate);
}

/* Maps may have been made with a NUL at the end of each key, or without. */
static int
match(const struct nis *t, struct arena *arena, const char *key,
    const char **value)
{
	int n = (int)strlen(key), len = 0;
	char *result = NULL;
	int error = yp.match(t->domain, t->map, key, n + 1, &result, &len);

	if (error == YPERR_KEY)
		error = yp.match(t->domain, t->map, key, n, &result, &len);
	if (error == 0 && result != NULL)
		*value =
		    arena_strndup(arena, result, strnlen(result, (size_t)len));
	free(result);
	return error;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct nis *t = state;
	const char *why;
	int error;

	if (enter(t)) {
		error = match(t, arena, key, &value->text);
		leave(t);
		if (error == YPERR_KEY)
			return TABLE_NONE;
		if (error == 0 && value->text != NULL)
			return TABLE_FOUND;
		why = yp.error(error);
	} else {
		why = "all others wait, too";
	}
	event_warning(NULL, "lookup %s, NIS domain %s, map %s: %s", key,
	    t->domain, t->map, why);
	value->text = arena_strdup(arena, why);
	return TABLE_FAILED;
}

static void
close_nis(void *state)
{
	struct nis *t = state;

	gate_destroy(&t->gate);
	free(t->map);
	free(t);
}

static void *
open_nis(struct table_opening *opening, struct err *err)
{
	char *domain = NULL;
	struct nis *t;

	if (client_library_open(&library, err) != 0)
		return NULL;
	if (yp.get_default_domain(&domain) != 0 || domain == NULL ||
	    *domain == '\0' || strcasecmp(domain, "(none)") == 0) {
		err_set(err, "NIS domain name not set - NIS lookups disabled");
		return NULL;
	}
	t = calloc(1, sizeof *t);
	if (t == NULL || (t->map = strdup(opening->name)) == NULL)
		fatal("out of memory");
	t->domain = domain;
	gate_init(&t->gate);
	return t;
}

const struct table_type table_nis = {
	.name = "nis",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_nis,
	.find = find,
	.close = close_nis,
};
