/* Tests for policy/milterd_facts.c: what Sendmail and Postfix tell, as facts. */
#include "policy/milterd_facts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "checks/subject.h"
#include "t/tap.h"

/* Pairs of name and value, ended by NULL. */
static const char *
get(void *arg, const char *name)
{
	const char *const *p = arg;

	for (; *p != NULL; p += 2)
		if (strcmp(*p, name) == 0)
			return p[1];
	return NULL;
}

static struct subject
client(struct arena *arena, const char *name, const char **told)
{
	const struct milterd_macros macros = { get, told };
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(40000) };
	struct subject s = { .arena = arena };

	(void)inet_pton(AF_INET, "192.0.2.1", &sin.sin_addr);
	milterd_facts_client(
	    &s, &macros, name, (const struct sockaddr *)&sin, arena);
	return s;
}

static void
names(struct arena *arena)
{
	const char *none[] = { NULL };
	const char *forged[] = { "{client_resolve}", "FORGED", NULL };
	const char *fail[] = { "{client_resolve}", "FAIL", NULL };
	const char *postfix[] = { "{client_ptr}", "ptr.example",
		"{client_port}", "41000", "{daemon_addr}", "192.0.2.25", NULL };
	struct subject s = client(arena, "c.example", none);

	is(s.client_name, "c.example", "a name");
	ok(s.name_status == SUBJECT_NAME_OK, "... that is good");
	is(s.client_addr, "192.0.2.1", "an address");
	is(s.client_port, "40000", "a port");
	s = client(arena, "[192.0.2.1]", none);
	is(s.client_name, "unknown", "no name");
	ok(s.name_status == SUBJECT_NAME_TEMP, "... and nobody knows why");
	s = client(arena, "[192.0.2.1]", fail);
	ok(s.name_status == SUBJECT_NAME_PERM, "... but Sendmail does");
	ok(s.reverse_status == SUBJECT_NAME_PERM, "... of both directions");
	s = client(arena, "c.example", forged);
	is(s.client_name, "unknown", "a forged name is none");
	is(s.reverse_name, "c.example", "... but the reverse one");
	ok(s.name_status == SUBJECT_NAME_FORGED, "... and so is told");
	s = client(arena, "unknown", postfix);
	is(s.reverse_name, "ptr.example", "Postfix's reverse name");
	is(s.client_port, "41000", "its port");
	is(s.server_addr, "192.0.2.25", "its own address");
}

static void
nobody(struct arena *arena)
{
	const char *none[] = { NULL };
	const struct milterd_macros macros = { get, none };
	struct subject s = { .arena = arena };

	milterd_facts_client(&s, &macros, NULL, NULL, arena);
	is(s.client_name, "unknown", "a program has no name");
	is(s.client_addr, "unknown", "... and no address");
}

static void
addresses(struct arena *arena)
{
	/* clang-format off */
	static const struct { const char *text, *want; } cases[] = {
		{ "<a@b.example>", "a@b.example" },
		{ "a@b.example", "a@b.example" },
		{ "<>", "" },
		{ "<\"a b\"@c.example>", "a b@c.example" },
		{ "<@x.example:a@b.example>", "a@b.example" },
		{ "<a\001@b.example>", "a?@b.example" },
		{ "", "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(milterd_facts_address(arena, cases[i].text), cases[i].want,
		    "<%s>", cases[i].text);
}

static void
mail_from(struct arena *arena)
{
	const char *told[] = { "{auth_type}", "EXTERNAL", "r", "SMTP", "i",
		"Q\n1", NULL };
	const struct milterd_macros macros = { get, told };
	char from[] = "<a@b.example>", size[] = "SIZE=12", utf8[] = "SMTPUTF8";
	char *words[] = { from, size, utf8, NULL };
	struct subject s = { .arena = arena };

	milterd_facts_mail_from(&s, &macros, words, arena);
	milterd_facts_queue_id(&s, &macros, arena);
	is(s.sender, "a@b.example", "a sender");
	ok(s.size == 12, "SIZE");
	ok(s.utf8, "SMTPUTF8");
	is(s.protocol, "SMTP", "a protocol");
	ok(s.sasl_method == NULL, "a type of login alone is none");
	is(s.queue_id, "Q?1", "no control character comes in");
}

int
main(void)
{
	struct arena *arena = arena_new();

	names(arena);
	nobody(arena);
	addresses(arena);
	mail_from(arena);
	arena_free(arena);
	return done_testing();
}
