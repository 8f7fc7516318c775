/* Typed parameters and their bounds. */
#include "base/param.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "t/tap.h"

struct sample {
	param_count limit;
	param_duration wait, stressed, days;
	param_boolean flag;
	param_text text;
	param_raw raw;
	param_unused later;
};

/* clang-format off */
static const struct param rows[] = {
#define ROW(name, type, ...) \
	{ #name, PARAM_##type, offsetof(struct sample, name), __VA_ARGS__ },
ROW(limit, count, "50", "1", "1000", "a number")
ROW(wait, duration, "300s", "1s", "1h", "a time")
ROW(stressed, duration, "${stress?{10}:{300}}s", NULL, NULL, "a time")
ROW(days, duration, "5d", "0", "1w", "a time with another unit")
ROW(flag, boolean, "no", NULL, NULL, "yes or no")
ROW(text, text, "$raw!", NULL, NULL, "expanded")
ROW(raw, raw, "$x", NULL, NULL, "not expanded")
ROW(later, unused, "7", NULL, NULL, "without effect")
#undef ROW
};
/* clang-format on */

static const struct param_table table = {
	.directory = "t",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
	.size = sizeof(struct sample),
};
static const struct param_table *const tables[] = { &table, NULL };

static int
load(const char *text, struct sample *sample, struct arena *arena,
    struct err *err)
{
	struct conf *conf = conf_parse("main.cf", text, tables, err);
	int status = -1;

	if (conf != NULL)
		status = param_load(&table, conf, arena, sample, err);
	conf_free(conf);
	return status;
}

static void
test_values(struct arena *arena)
{
	struct sample s;
	struct err err = { 0 };

	ok(load("", &s, arena, &err) == 0, "defaults load");
	ok(s.limit == 50 && s.wait == 300 * CLOCK_SECOND && !s.flag,
	    "defaults");
	ok(s.days == 5 * 24 * 3600 * CLOCK_SECOND, "days");
	ok(s.stressed == 300 * CLOCK_SECOND, "an expanded default");
	is(s.text, "!", "text is expanded");
	is(s.raw, "$x", "raw is not");
	ok(s.later == 0, "unused");

	ok(load("limit = 7\nwait = 10\ndays = 2\nstressed = 2m\nflag = YES\n"
		"x = y\nlater = nonsense\nraw = z$x\n",
	       &s, arena, &err) == 0,
	    "%s", err.text);
	ok(s.limit == 7 && s.wait == 10 * CLOCK_SECOND && s.flag, "set");
	ok(s.days == 2 * 24 * 3600 * CLOCK_SECOND,
	    "a bare number has the default's unit");
	ok(s.stressed == 120 * CLOCK_SECOND, "minutes");
	is(s.text, "zy!", "text");
	is(s.raw, "z$x", "raw");
	ok(load("stress = yes\n", &s, arena, &err) == 0 &&
		s.stressed == 10 * CLOCK_SECOND,
	    "a default that depends on another value");
}

static void
refused(const char *text, const char *why, struct arena *arena)
{
	struct sample s;
	struct err err = { 0 };

	ok(load(text, &s, arena, &err) == -1 && strcmp(err.text, why) == 0,
	    "%s", why);
	if (strcmp(err.text, why) != 0)
		printf("# %s\n", err.text);
}

static void
test_refused(struct arena *arena)
{
	refused("limit = x\n", "main.cf:1: limit = x: not a number", arena);
	refused("limit = 7x\n", "main.cf:1: limit = 7x: not a number", arena);
	refused("limit =\n", "main.cf:1: limit = : not a number", arena);
	refused("\nlimit = 0\n", "main.cf:2: limit = 0: less than 1", arena);
	refused(
	    "limit = 1001\n", "main.cf:1: limit = 1001: more than 1000", arena);
	refused("limit = 99999999999999999999\n",
	    "main.cf:1: limit = 99999999999999999999: not a number", arena);
	refused("wait = 2h\n", "main.cf:1: wait = 2h: more than 1h", arena);
	refused("wait = 5x\n",
	    "main.cf:1: wait = 5x: not a time (a number and s, m, h, d or w)",
	    arena);
	refused("wait = -5\n",
	    "main.cf:1: wait = -5: not a time (a number and s, m, h, d or w)",
	    arena);
	refused("flag = maybe\n", "main.cf:1: flag = maybe: neither yes nor no",
	    arena);
	refused("text = ${x\n",
	    "main.cf:1: text: truncated macro reference: \"${x\"", arena);
}

static void
test_times(void)
{
	int64_t t;
	bool b;

	ok(param_time("5", 'm', &t) && t == 300 * CLOCK_SECOND, "unit");
	ok(param_time("1w", 's', &t) && t == 7 * 86400 * CLOCK_SECOND, "week");
	ok(param_time("0", 's', &t) && t == 0, "zero");
	ok(!param_time("", 's', &t), "empty");
	ok(!param_time("5ss", 's', &t), "two units");
	ok(!param_time("5D", 's', &t), "large letter");
	ok(!param_time("9223372036854775807", 's', &t), "too long");
	ok(!param_time("s", 's', &t), "no number");
	ok(param_bool("No", &b) && !b && !param_bool("1", &b), "booleans");
}

int
main(void)
{
	struct arena *arena = arena_new();

	test_values(arena);
	test_refused(arena);
	test_times();
	arena_free(arena);
	return done_testing();
}
