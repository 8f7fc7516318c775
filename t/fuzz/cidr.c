/* cidr: tables: written out from the octets of the input, with if and endif,
 * and compared with an interpreter that looks at one bit after the other. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_RULES = 40 };

struct rule {
	enum { MATCH, IF, ENDIF } kind;
	bool six, negated;
	unsigned bits;
	uint8_t octets[16];
};

struct input {
	const uint8_t *p, *end;
};

static uint8_t
take(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static unsigned
bit(const uint8_t *octets, unsigned i)
{
	return octets[i / 8] >> (7 - i % 8) & 1;
}

/* Few different octets, so that things match. */
static void
take_address(struct input *in, bool six, uint8_t *octets)
{
	unsigned n = six ? 16 : 4;

	memset(octets, 0, 16);
	for (unsigned i = 0; i < n; i++)
		octets[i] = i < 2 || i == n - 1 ? take(in) & 0x83 : 0;
}

static void
take_rule(struct input *in, struct rule *rule)
{
	uint8_t what = take(in);

	rule->kind = what % 4 == 3 ? ENDIF : what % 4 == 2 ? IF : MATCH;
	rule->six = (what & 4) != 0;
	rule->negated = (what & 8) != 0;
	rule->bits = take(in) % (rule->six ? 129 : 33);
	take_address(in, rule->six, rule->octets);
	for (unsigned i = rule->bits; i < (rule->six ? 128 : 32); i++)
		rule->octets[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static void
print_rule(struct buf *out, const struct rule *rule, bool brackets)
{
	char text[INET6_ADDRSTRLEN];

	if (rule->kind == ENDIF) {
		buf_puts(out, "endif\n");
		return;
	}
	(void)inet_ntop(
	    rule->six ? AF_INET6 : AF_INET, rule->octets, text, sizeof text);
	buf_printf(out, "%s%s%s%s%s", rule->kind == IF ? "if " : "",
	    rule->negated ? "!" : "", brackets ? "[" : "", text,
	    brackets ? "]" : "");
	if (rule->bits < (rule->six ? 128 : 32) || brackets)
		buf_printf(out, "/%u", rule->bits);
	buf_puts(out, rule->kind == MATCH ? " x\n" : "\n");
}

static bool
holds(const struct rule *rule, bool six, const uint8_t *octets)
{
	bool in = true;

	if (rule->six != six)
		return false;
	for (unsigned i = 0; i < rule->bits; i++)
		in = in && bit(rule->octets, i) == bit(octets, i);
	return in != rule->negated;
}

/* The line that answers, or 0. */
static unsigned
interpret(const struct rule *rules, size_t n, bool six, const uint8_t *octets)
{
	size_t depth = 0; /* of blocks that are skipped */

	for (size_t i = 0; i < n; i++) {
		if (depth > 0) {
			depth += rules[i].kind == IF;
			depth -= rules[i].kind == ENDIF;
		} else if (rules[i].kind == IF) {
			depth = !holds(&rules[i], six, octets);
		} else if (rules[i].kind == MATCH &&
		    holds(&rules[i], six, octets)) {
			return (unsigned)i + 1;
		}
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_target target = { .name = "weir", .json_fd = -1 };
	struct input in = { data, data + size };
	struct arena *arena = arena_new();
	struct rule rules[MOST_RULES];
	struct table_value value;
	struct buf text = { 0 };
	struct table *table;
	static int quiet = -1;
	char spec[64], key[INET6_ADDRSTRLEN];
	size_t n = take(&in) % MOST_RULES;
	uint8_t octets[16];
	unsigned line;
	int fd = memfd_create("table", MFD_CLOEXEC);

	if (quiet < 0) {
		quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		target.fd = quiet;
		event_open(&target);
	}
	for (size_t i = 0; i < n; i++) {
		take_rule(&in, &rules[i]);
		print_rule(&text, &rules[i], i % 3 == 0);
	}
	must(fd >= 0 && write(fd, buf_str(&text), text.len) >= 0);
	(void)snprintf(spec, sizeof spec, "cidr:/proc/self/fd/%d", fd);
	table = table_open(spec, NULL, NULL);
	for (unsigned i = 0; i < 32; i++) {
		bool six = take(&in) % 2 != 0;

		take_address(&in, six, octets);
		(void)inet_ntop(
		    six ? AF_INET6 : AF_INET, octets, key, sizeof key);
		line = interpret(rules, n, six, octets);
		must(table_find(table, arena, key, &value) ==
		    (line > 0 ? TABLE_FOUND : TABLE_NONE));
		must(value.line == line);
	}
	table_close(table);
	(void)close(fd);
	buf_free(&text);
	arena_free(arena);
	return 0;
}
