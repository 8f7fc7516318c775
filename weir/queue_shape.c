/* queue_shape.c - see queue_shape.h. */
#include "weir/queue_shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "queue/envelope.h"
#include "rules/address.h"

struct row {
	const char *name; /* the map's */
	size_t total, ages[QUEUE_SHAPE_AGES];
};

static const char *const keys[] = { [QUEUE_SHAPE_DOMAIN] = "domain",
	[QUEUE_SHAPE_SENDER] = "sender",
	[QUEUE_SHAPE_REASON] = "reason",
	[QUEUE_SHAPE_AGE] = "age" };

/* Minutes up to which an age reaches; the last one has no end. */
static const char *const ages[QUEUE_SHAPE_AGES] = { "5", "10", "20", "40", "80",
	"160", "320", "640", "1280", "1280+" };

bool
queue_shape_parse(const char *text, enum queue_shape_key *key)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(text, keys[i]) == 0) {
			*key = (enum queue_shape_key)i;
			return true;
		}
	return false;
}

static size_t
age_of(const struct queue_shape *shape, const struct envelope *e)
{
	int64_t limit = INT64_C(300) * CLOCK_SECOND;
	size_t age = 0;

	while (age < QUEUE_SHAPE_AGES - 1 && shape->now - e->arrival >= limit) {
		limit *= 2;
		age++;
	}
	return age;
}

static void
count(struct queue_shape *shape, const char *name, size_t age)
{
	struct row *row = strmap_find(&shape->rows, name);

	if (row == NULL) {
		row = calloc(1, sizeof *row);
		if (row == NULL)
			fatal("out of memory");
		(void)strmap_set(&shape->rows, name, row);
	}
	row->total++;
	row->ages[age]++;
	shape->ages[age]++;
}

static const char *
name_of(struct arena *arena, enum queue_shape_key key,
    const struct envelope_rcpt *r)
{
	const char *domain;
	char *name;

	if (key == QUEUE_SHAPE_REASON)
		return r->reason[0] != '\0' ? r->reason : "(not tried)";
	domain = address_domain(r->address);
	if (domain == NULL || domain[0] == '\0')
		return "(no domain)";
	name = arena_strdup(arena, domain);
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return name;
}

void
queue_shape_add(struct queue_shape *shape, const struct envelope *e)
{
	struct arena *arena = arena_new();
	size_t age = age_of(shape, e);

	if (shape->key == QUEUE_SHAPE_AGE) {
		shape->ages[age]++;
	} else if (shape->key == QUEUE_SHAPE_SENDER) {
		count(shape, e->sender[0] != '\0' ? e->sender : "MAILER-DAEMON",
		    age);
	} else {
		for (size_t i = 0; i < e->nrcpts; i++)
			if (e->rcpts[i].state == ENVELOPE_TODO ||
			    e->rcpts[i].state == ENVELOPE_HELD)
				count(shape,
				    name_of(arena, shape->key, &e->rcpts[i]),
				    age);
	}
	arena_free(arena);
}

static int
compare(const void *a, const void *b)
{
	const struct row *p = a, *q = b;

	if (p->total != q->total)
		return p->total > q->total ? -1 : 1;
	return strcmp(p->name, q->name);
}

/* What a terminal must not see stands as '?': senders and servers wrote it. */
static void
put_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		bool hidden = (unsigned char)*name < 32 || *name == 127;

		if (hidden)
			buf_putc(out, '?');
		else
			buf_putc(out, *name);
	}
	buf_putc(out, '\n');
}

static void
put_counts(struct buf *out, size_t total, const size_t *counts)
{
	buf_printf(out, "%7zu", total);
	for (size_t i = 0; i < QUEUE_SHAPE_AGES; i++)
		buf_printf(out, " %6zu", counts[i]);
	buf_puts(out, "  ");
}

static size_t
total_of(const struct queue_shape *shape)
{
	size_t total = 0;

	for (size_t i = 0; i < QUEUE_SHAPE_AGES; i++)
		total += shape->ages[i];
	return total;
}

static void
print_ages(const struct queue_shape *shape, struct buf *out)
{
	buf_printf(out, "%7s  minutes\n%7zu  all\n", "total", total_of(shape));
	for (size_t i = 0; i < QUEUE_SHAPE_AGES; i++)
		buf_printf(out, "%7zu  %s\n", shape->ages[i], ages[i]);
}

void
queue_shape_print(const struct queue_shape *shape, struct buf *out)
{
	size_t n = shape->rows.count;
	struct row *rows;

	if (shape->key == QUEUE_SHAPE_AGE) {
		print_ages(shape, out);
		return;
	}
	rows = calloc(n + 1, sizeof *rows);
	if (rows == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		rows[i] = *(const struct row *)shape->rows.items[i].value;
		rows[i].name = shape->rows.items[i].key;
	}
	qsort(rows, n, sizeof *rows, compare);
	buf_printf(out, "%7s", "total");
	for (size_t i = 0; i < QUEUE_SHAPE_AGES; i++)
		buf_printf(out, " %6s", ages[i]);
	buf_printf(out, "  %s\n", keys[shape->key]);
	put_counts(out, total_of(shape), shape->ages);
	buf_puts(out, "all\n");
	for (size_t i = 0; i < n; i++) {
		put_counts(out, rows[i].total, rows[i].ages);
		put_name(out, rows[i].name);
	}
	free(rows);
}

void
queue_shape_free(struct queue_shape *shape)
{
	for (size_t i = 0; i < shape->rows.count; i++)
		free(shape->rows.items[i].value);
	strmap_free(&shape->rows);
}
