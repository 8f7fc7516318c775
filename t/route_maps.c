/* Address maps, and who is listed in which. */
#include "base/buf.h"
#include "testroute.h"

static const char *
canonical(const struct site *s, const char *address, char which)
{
	char *result;
	enum table_status status = route_canonical(
	    s->route, &world.world, arena, address, which, &result);

	return status == TABLE_FAILED ? "could not ask"
	    : status == TABLE_NONE    ? arena_printf(arena, "=%s", result)
				      : result;
}

static void
test_canonical(void)
{
	struct site s = site_open(
	    "mydestination = example.com\nmyorigin = example.com\n"
	    "recipient_delimiter = +-\n"
	    "sender_canonical_maps = inline:{{k@example.com=s@example.com}}\n"
	    "recipient_canonical_maps = inline:{{k@example.com=r}}\n"
	    "recipient_canonical_classes = envelope_recipient\n"
	    "canonical_maps = inline:{"
	    "{pabelard@example.com=peter.abelard@example.com},"
	    "{s@example.com=sender@example.net}, {loop=loop2@example.com},"
	    "{loop2=loop@example.com}, {user=user.name@example.com},"
	    "{full@example.com=first@example.net}, {full=second@example.net},"
	    "{@all.example=third@example.net}, {@old.example=@new.example}}\n");

	is(canonical(&s, "pabelard@example.com", 'r'),
	    "peter.abelard@example.com",
	    "canonical_maps (F-120, S-016, S-051)");
	is(canonical(&s, "pabelard@example.com", 'S'),
	    "peter.abelard@example.com", "in headers, too");
	is(canonical(&s, "k@example.com", 's'), "sender@example.net",
	    "that of senders first, then the common one (F-121, S-052, L-21)");
	is(canonical(&s, "k@example.com", 'R'), "=k@example.com",
	    "the classes limit it (L-30, L-31)");
	is(canonical(&s, "full@example.com", 'r'), "first@example.net",
	    "the address before the user (S-020)");
	is(canonical(&s, "user+x@example.com", 'r'), "user.name+x@example.com",
	    "the extension is propagated");
	is(canonical(&s, "user-x@example.com", 'r'), "user.name-x@example.com",
	    "with its own delimiter");
	is(canonical(&s, "someone@all.example", 'r'), "third@example.net",
	    "a whole domain");
	is(canonical(&s, "someone@old.example", 'r'), "someone@new.example",
	    "another domain, the same user");
	is(canonical(&s, "someone@other.example", 'r'),
	    "=someone@other.example", "unchanged");
	is(canonical(&s, "loop@example.com", 'r'), "loop@example.com",
	    "tables without end are left in the end");
	is(canonical(&s, "", 's'), "=", "the null sender stays");
	site_close(&s);

	s = site_open("canonical_maps = fail:x\n");
	is(canonical(&s, "a@b.example", 's'), "could not ask",
	    "a table that cannot be asked");
	site_close(&s);
}

static const char *
masked(const struct site *s, const char *address, char which)
{
	char *result;
	enum table_status status = route_masquerade(
	    s->route, &world.world, arena, address, which, &result);

	return status == TABLE_FAILED ? "could not ask"
	    : status == TABLE_NONE    ? arena_printf(arena, "=%s", result)
				      : result;
}

static void
test_masquerade(void)
{
	struct site s =
	    site_open("masquerade_domains = acct.example.com !it.example.com "
		      "!!sw.example.com Example.COM\n"
		      "masquerade_exceptions = root, \"a b\"\n");

	is(masked(&s, "a@server1.example.com", 's'), "a@example.com",
	    "masquerade_domains (S-053, P-063)");
	is(masked(&s, "a@Sys3.ACCT.example.com", 'S'), "a@acct.example.com",
	    "the first one that matches (S-054, L-23)");
	is(masked(&s, "a@acct.example.com", 'S'), "=a@acct.example.com",
	    "a domain of the list stays");
	is(masked(&s, "a@x.it.example.com", 'R'), "=a@x.it.example.com",
	    "one that is excluded stays (S-055)");
	is(masked(&s, "a@x.sw.example.com", 'R'), "a@sw.example.com",
	    "excluded twice is not excluded");
	is(masked(&s, "a@notexample.com", 'R'), "=a@notexample.com",
	    "only what is below it");
	is(masked(&s, "Root@x.example.com", 'S'), "=Root@x.example.com",
	    "masquerade_exceptions (S-056, P-064)");
	is(masked(&s, "root+x@x.example.com", 'S'), "root+x@example.com",
	    "the whole name");
	is(masked(&s, "a@x.example.com", 'r'), "=a@x.example.com",
	    "no envelope recipients (L-22, P-062)");
	is(masked(&s, "a", 's'), "=a", "no domain");
	is(masked(&s, "", 's'), "=", "the null sender");
	site_close(&s);

	s = site_open("masquerade_domains = example.com\n"
		      "masquerade_classes = envelope_recipient\n"
		      "masquerade_exceptions = fail:x\n"
		      "canonical_maps = inline:{a@example.com=x@y.example}\n");
	is(masked(&s, "a@x.example.com", 'R'), "=a@x.example.com",
	    "masquerade_classes (S-057, L-24)");
	is(masked(&s, "a@x.example.com", 'r'), "could not ask",
	    "a table that cannot be asked");
	site_close(&s);
}

static const char *
expanded(const struct site *s, const char *recipient)
{
	struct buf out = { 0 };
	struct route_expansion e;
	enum table_status status =
	    route_expand(s->route, &world.world, arena, recipient, &e);
	const char *text;

	if (status == TABLE_FAILED)
		return e.list != NULL ? "partial"
		    : e.exceeded      ? "too much"
				      : "could not ask";
	if (status == TABLE_NONE)
		buf_puts(&out, "=");
	for (size_t i = 0; i < e.count; i++)
		buf_printf(&out, i > 0 ? " %s" : "%s", e.list[i]);
	text = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return text;
}

static void
test_expand(void)
{
	struct site s = site_open(
	    "myorigin = example.com\nmydestination = example.com\n"
	    "recipient_delimiter = +\n"
	    "virtual_alias_maps = inline:{"
	    "{a@v.example=b@v.example, c@v.example}, {b@v.example=local},"
	    "{c@v.example=local, d@x.example},"
	    "{self@v.example=self@v.example, other@x.example},"
	    "{Mixed@v.example=mixed@v.example, z@x.example},"
	    "{@v.example=catch@x.example}, {@w.example=@x.example},"
	    "{l1@y.example=l2@y.example}, {l2@y.example=l1@y.example},"
	    "{u=u.name}, {q@y.example=\"a b\"@x.example}, {none@y.example=,},"
	    "{g@y.example=list: Foo <a@z.example>, (x) b@z.example;}"
	    "}\n");

	is(expanded(&s, "a@v.example"), "local@example.com d@x.example",
	    "aliases of aliases, each once (F-123, L-25)");
	is(expanded(&s, "self@v.example"), "self@v.example other@x.example",
	    "an alias that names itself ends there (L-62)");
	is(expanded(&s, "mixed@v.example"), "mixed@v.example z@x.example",
	    "in any case");
	is(expanded(&s, "any@v.example"), "catch@x.example", "a catch-all");
	is(expanded(&s, "any+x@w.example"), "any+x@x.example",
	    "another domain, the same user");
	is(expanded(&s, "u+x@example.com"), "u.name+x@example.com",
	    "the extension is propagated");
	is(expanded(&s, "q@y.example"), "a b@x.example", "a quoted answer");
	is(expanded(&s, "g@y.example"), "a@z.example b@z.example",
	    "an answer with names, comments and a group");
	is(expanded(&s, "none@y.example"), "could not ask",
	    "an answer without an address");
	is(expanded(&s, "l1@y.example"), "too much", "aliases without end");
	is(expanded(&s, "u@z.example"), "=u@z.example", "no alias");
	site_close(&s);

	s = site_open("propagate_unmatched_extensions =\n"
		      "recipient_delimiter = +\n"
		      "virtual_alias_expansion_limit = 3\n"
		      "virtual_alias_recursion_limit = 3\n"
		      "virtual_alias_address_length_limit = 20\n"
		      "virtual_alias_maps = inline:{{u@v.example=w@x.example},"
		      "{3@v.example=a@v, b@v, c@v},"
		      "{4@v.example=a@v, b@v, c@v, d@v}, {r1@v=r2@v},"
		      "{r2@v=r3@v}, {r3@v=r4@v}, {r4@v=r5@v},"
		      "{l@v.example=abcdefghijklmnopqrst@x.example}}\n");
	is(expanded(&s, "u+x@v.example"), "w@x.example",
	    "the extension is not propagated if it must not be");
	is(expanded(&s, "3@v.example"), "a@v b@v c@v", "as many as allowed");
	is(expanded(&s, "4@v.example"), "too much", "one more");
	is(expanded(&s, "r3@v"), "r5@v", "as deep as allowed");
	is(expanded(&s, "r1@v"), "too much", "one more");
	is(expanded(&s, "l@v.example"), "too much", "a long address");
	site_close(&s);

	s = site_open("virtual_alias_maps = inline:{a@b=c@d} fail:x\n");
	is(expanded(&s, "a@b"), "could not ask",
	    "an answer that cannot be looked up again");
	site_close(&s);
}

static const char *
known_to(const struct site *s, const char *address, bool sender)
{
	struct route_unknown unknown;

	switch (route_known(
	    s->route, &world.world, arena, address, sender, &unknown)) {
	case ROUTE_KNOWN:
		return "known";
	case ROUTE_CANNOT_ASK:
		return "could not ask";
	case ROUTE_UNKNOWN:
		break;
	}
	return arena_printf(arena, "%s %s %s",
	    unknown.code_parameter != NULL
		? unknown.code_parameter
		: arena_printf(arena, "%d", unknown.code),
	    unknown.dsn, unknown.text);
}

static const char *
known(const struct site *s, const char *address)
{
	return known_to(s, address, false);
}

static void
test_known(void)
{
	static const char maps[] =
	    "local_recipient_maps = proxy:inline:{{user=x}}\n"
	    "relay_recipient_maps = inline:{{u@relay.example=x}}\n"
	    "virtual_mailbox_maps = inline:{{u@box.example=box/u/}}\n"
	    "virtual_alias_maps = inline:{{u@alias.example=user}}\n"
	    "canonical_maps = inline:{{c@example.com=user}}\n"
	    "sender_canonical_maps = inline:{{s@example.com=user}}\n"
	    "relocated_maps = inline:{{kdent@ora.example=kdent@oreilly.com},"
	    "{@moved.example=oreilly.com}}\n"
	    "transport_maps = inline:{{shut.example=error:5.7.1 is shut},"
	    "{soon.example=retry:4.2.1 come again}}\n";
	struct site s =
	    site_open(arena_printf(arena, "%s%s", all_classes, maps));

	is(known(&s, "User@example.com"), "known", "a local user");
	is(known(&s, "user@[192.0.2.1]"), "known", "by an address of ours");
	is(known(&s, "nobody@example.com"),
	    "unknown_local_recipient_reject_code 5.1.1 User unknown in local "
	    "recipient table",
	    "no local user (S-060)");
	is(known_to(&s, "nobody@example.com", true),
	    "unknown_local_recipient_reject_code 5.1.0 User unknown in local "
	    "recipient table",
	    "as a sender");
	is(known(&s, "Postmaster@example.com"), "known",
	    "postmaster always is");
	is(known(&s, "double-bounce@example.com"), "known",
	    "double-bounce, too");
	is(known(&s, "c@example.com"), "known", "what canonical_maps has");
	is(known(&s, "s@example.com"),
	    "unknown_local_recipient_reject_code 5.1.1 User unknown in local "
	    "recipient table",
	    "what only sender_canonical_maps has");
	is(known_to(&s, "s@example.com", true), "known", "is a sender");
	is(known(&s, "u@relay.example"), "known",
	    "a relay recipient (F-128, L-83)");
	is(known(&s, "n@relay.example"),
	    "unknown_relay_recipient_reject_code 5.1.1 User unknown in relay "
	    "recipient table",
	    "no relay recipient");
	is(known(&s, "u@box.example"), "known", "a virtual mailbox (F-124)");
	is(known(&s, "n@box.example"),
	    "unknown_virtual_mailbox_reject_code 5.1.1 User unknown in "
	    "virtual mailbox table",
	    "no virtual mailbox");
	is(known(&s, "u@alias.example"), "known", "a virtual alias");
	is(known(&s, "n@alias.example"),
	    "unknown_virtual_alias_reject_code 5.1.1 User unknown in virtual "
	    "alias table",
	    "no virtual alias");
	is(known(&s, "kdent@ora.example"),
	    "550 5.1.6 User has moved to kdent@oreilly.com",
	    "relocated (F-122, S-058, L-28)");
	is(known(&s, "anybody@moved.example"),
	    "550 5.1.6 User has moved to oreilly.com", "a whole domain");
	is(known_to(&s, "kdent@ora.example", true),
	    "550 5.1.6 User has moved to kdent@oreilly.com", "as a sender");
	is(known(&s, "u@shut.example"), "550 5.7.1 is shut",
	    "the transport error");
	is(known(&s, "u@soon.example"), "450 4.2.1 come again",
	    "the transport retry");
	is(known(&s, "anybody@other.example"), "known", "no class of ours");
	is(known(&s, "u@1.2.3.4"), "known", "no address is not our business");
	site_close(&s);

	s = site_open(
	    "relay_domains = r.example\n"
	    "relay_recipient_maps = inline:{{u@r.example=x}}\n"
	    "relocated_prefix_enable = no\n"
	    "relocated_maps = inline:{{u@r.example=5.1.7 is gone}}\n");
	is(known(&s, "u@r.example"), "550 5.1.7 is gone",
	    "relocated_prefix_enable = no");
	site_close(&s);

	s = site_open(arena_printf(arena,
	    "%sshow_user_unknown_table_name = no\n"
	    "local_recipient_maps = inline:{{user=x}}\n",
	    all_classes));
	is(known(&s, "n@example.com"),
	    "unknown_local_recipient_reject_code 5.1.1 User unknown",
	    "show_user_unknown_table_name = no");
	is(known(&s, "n@alias.example"),
	    "unknown_virtual_alias_reject_code 5.1.1 User unknown",
	    "for aliases, too");
	is(known(&s, "n@relay.example"), "known", "without a table anybody is");
	site_close(&s);

	s = site_open("mydestination = a.example\n"
		      "local_recipient_maps = fail:x\n");
	is(known(&s, "u@a.example"), "could not ask",
	    "a table that cannot be asked");
	is(known(&s, "postmaster@a.example"), "known", "postmaster needs none");
	site_close(&s);
	s = site_open("virtual_alias_maps = fail:x\nrelay_domains =\n"
		      "virtual_alias_domains =\nmydestination =\n");
	is(known(&s, "u@a.example"), "could not ask",
	    "nor one that might rewrite it");
	site_close(&s);
}

static const char *
found(const struct site *s, const char *maps, const char *address)
{
	static const char *const failed[] = { "", "none", "failed" };
	struct table_list *list =
	    table_list_open(maps, "maps", s->conf, arena, NULL);
	struct table_value value;
	enum table_status status = route_find_address(
	    list, s->route, &world.world, arena, address, &value);
	const char *text = status == TABLE_FOUND ? value.text : failed[status];

	table_list_close(list);
	return text;
}

static void
test_find(void)
{
	struct site s = site_open("myorigin = example.com\n"
				  "mydestination = a.example\n"
				  "recipient_delimiter = +\n");

	is(found(&s, "inline:{u+x@a.example=1, u@a.example=2, u+x=3, u=4}",
	       "u+x@a.example"),
	    "1", "first the whole address");
	is(found(&s, "inline:{u@a.example=2, u+x=3, u=4}", "u+x@a.example"),
	    "2", "then without its extension");
	is(found(&s, "inline:{u+x=3, u=4}", "u+x@a.example"), "3",
	    "then the local part");
	is(found(&s, "inline:{u=4, @a.example=5}", "u+x@a.example"), "4",
	    "without its extension");
	is(found(&s, "inline:{u=4, @b.example=5}", "u+x@b.example"), "5",
	    "only in domains of ours; then the domain");
	is(found(&s, "inline:{u=4}", "u@example.com"), "4",
	    "myorigin is one of ours");
	is(found(&s, "inline:{a.example=6}", "u@a.example"), "none",
	    "a domain without its @ is not asked");
	is(found(&s, "fail:x", "u@a.example"), "failed",
	    "what cannot be asked");
	is(found(&s, "inline:{u@a.example=2}", "U@A.example"), "2",
	    "in any case");
	is(found(&s, "inline:{x=1} static:{all}", "u@a.example"), "all",
	    "a table that has everything");
	site_close(&s);

	s = site_open("recipient_delimiter = -\nmyorigin = example.com\n");
	is(found(&s, "inline:{owner=1, list=2}", "owner-list@example.com"),
	    "none", "owner-list is a name");
	is(found(&s, "inline:{list=2}", "list-request@example.com"), "none",
	    "list-request, too");
	is(found(&s, "inline:{double=2}", "double-bounce@example.com"), "none",
	    "double-bounce, too");
	site_close(&s);
	s = site_open("recipient_delimiter = -\nmyorigin = example.com\n"
		      "owner_request_special = no\n");
	is(found(&s, "inline:{list=2}", "list-request@example.com"), "2",
	    "unless owner_request_special = no");
	site_close(&s);
}

int
main(void)
{
	testroute_begin();
	test_canonical();
	test_masquerade();
	test_expand();
	test_known();
	test_find();
	arena_free(arena);
	return done_testing();
}
