/* Header and body checks on messages as they stream by. */
#include "checks/content_checks.h"
#include "checks/content_lists.h"

#include "checks/content_action.h"
#include "t/content_rig.h"

/* What became of a message. */
struct outcome {
	struct sink sink;
	struct content_verdict verdict;
	char log[16384];
};

/* LF for <CR><LF>. */
static void
plain_ends(struct buf *text)
{
	struct buf plain = { 0 };

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] != '\r' || i + 1 == text->len ||
		    text->data[i + 1] != '\n')
			buf_putc(&plain, text->data[i]);
	buf_free(text);
	*text = plain;
}

static void
run(const char *main_cf, const char *text, size_t len, struct outcome *o)
{
	static const struct event_by by = { .program = "smtpd", .number = 7 };
	struct subject subject = {
		.arena = arena,
		.world = &world.world,
		.by = &by,
		.client_name = "client.example",
		.client_addr = "192.0.2.1",
		.queue_id = "ABC",
		.sender = "a b@example.com",
		.recipient = "r@example.com",
		.protocol = "ESMTP",
		.helo = "helo.example",
	};
	struct err err = { "" };
	struct conf *conf = conf_parse("main.cf", main_cf, tables, &err);
	struct content_lists *checks;

	memset(o, 0, sizeof *o);
	must(conf != NULL);
	must(ftruncate(log_fd, 0) == 0);
	checks = content_lists_open(conf, NULL, 300, 64, &err);
	ok(err.text[0] == '\0', "tables open %s", err.text);
	ok(!content_lists_idle(checks), "there is something to check");
	content_verdict_begin(&o->verdict, arena);
	o->sink.stage.ops = &sink_ops;
	feed(content_checks_new(checks, &subject, &o->verdict, &o->sink.stage),
	    text, len, 11);
	ok(o->sink.ended, "the end is passed on");
	plain_ends(&o->sink.out);
	must(pread(log_fd, o->log, sizeof o->log - 1, 0) >= 0);
	content_lists_close(checks);
	conf_free(conf);
}

static void
forget(struct outcome *o)
{
	buf_free(&o->sink.out);
	arena_reset(arena);
}

/* The end of each of the log's lines. */
#define FROM                                                                   \
	" from client.example[192.0.2.1]; "                                    \
	"from=<\"a b\"@example.com> to=<r@example.com> proto=ESMTP "           \
	"helo=<helo.example>"

/* One rule on one message: what comes out, what is logged. */
static void
check(const char *main_cf, const char *text, const char *want_out,
    const char *want_log)
{
	struct outcome o;

	run(main_cf, text, strlen(text), &o);
	is(buf_str(&o.sink.out), want_out, "%s", main_cf);
	if (strcmp(buf_str(&o.sink.out), want_out) != 0)
		printf("# %s\n", buf_str(&o.sink.out));
	ok(strstr(o.log, want_log) != NULL, "logged: %s", want_log);
	if (strstr(o.log, want_log) == NULL)
		printf("# %s", o.log);
	ok(o.verdict.code == 0, "passes");
	forget(&o);
}

#define FROM_SHORT                                                             \
	" from client.example[192.0.2.1]; "                                    \
	"from=<\"a b\"@example.com> to=<r@example.com>"

static const char plain[] = "Subject: x\n y\nFrom: a\n\nhello\n\nworld\n";

static void
test_edits(void)
{
	check("header_checks = pcre:{{/^Subject: x\\n y$$/ IGNORE}}\n", plain,
	    "From: a\n\nhello\n\nworld\n", "");
	check("header_checks = pcre:{{/^From:/ STRIP why}}\n", plain,
	    "Subject: x\n y\n\nhello\n\nworld\n",
	    "strip: header From: a" FROM ": why\n");
	check("header_checks = pcre:{{/^From: (.)/ REPLACE To: $$1$$1}}\n",
	    plain, "Subject: x\n y\nTo: aa\n\nhello\n\nworld\n",
	    "replace: header From: a" FROM ": To: aa\n");
	check("header_checks = pcre:{{/^From:/ PREPEND X-A: b}}\n", plain,
	    "Subject: x\n y\nX-A: b\nFrom: a\n\nhello\n\nworld\n",
	    "prepend: header From: a" FROM ": X-A: b\n");
	check("header_checks = pcre:{{/^Subject/ WARN text}}\n", plain, plain,
	    "warning: header Subject: x? y" FROM ": text\n");
	check("header_checks = pcre:{{/^Subject/ INFO}}\n", plain, plain,
	    "info: header Subject: x? y" FROM "\n");
	check("header_checks = pcre:{{/./ DUNNO x}}\n", plain, plain, "");
	check("header_checks = pcre:{{/./ ok}}\n", plain, plain, "");
	check("body_checks = pcre:{{/^hello$$/ IGNORE}}\n", plain,
	    "Subject: x\n y\nFrom: a\n\n\nworld\n", "");
	check("body_checks = pcre:{{/^(h)/ REPLACE $$1 x}}\n", plain,
	    "Subject: x\n y\nFrom: a\n\nh x\n\nworld\n",
	    "replace: body hello" FROM ": h x\n");
	check("body_checks = pcre:{{/^world/ PREPEND new}}\n", plain,
	    "Subject: x\n y\nFrom: a\n\nhello\n\nnew\nworld\n",
	    "prepend: body world" FROM ": new\n");
	check("body_checks = pcre:{{/^$$/ IGNORE}}\n", plain, plain, "");
}

/* What is written wrongly is a warning, and does nothing. */
static void
test_mistakes(void)
{
	check("header_checks = pcre:{{/^From/ REPLACE a b}}\n", plain, plain,
	    ": warning: bad REPLACE header text \"a b\" in header_checks "
	    "map -- need \"headername: headervalue\"\n");
	check("header_checks = pcre:{{/^From/ PREPEND}}\n", plain, plain,
	    "warning: PREPEND action without text in header_checks map\n");
	check("body_checks = pcre:{{/^h/ REPLACE}}\n", plain, plain,
	    "warning: REPLACE action without text in body_checks map\n");
	check("header_checks = pcre:{{/^From/ FILTER}}\n", plain, plain,
	    "warning: missing FILTER command argument in header_checks map\n");
	check("header_checks = pcre:{{/^From/ FILTER x}}\n", plain, plain,
	    "warning: bad FILTER command x in header_checks -- need "
	    "transport:destination\n");
	check("header_checks = pcre:{{/^From/ REDIRECT x}}\n", plain, plain,
	    "warning: bad REDIRECT target \"x\" in header_checks map -- need "
	    "user@domain\n");
	check("header_checks = pcre:{{/^From/ BCC x}}\n", plain, plain,
	    "warning: bad BCC address \"x\" in header_checks map -- need "
	    "user@domain\n");
	check("header_checks = pcre:{{/^From/ FROB x}}\n", plain, plain,
	    "warning: unknown command in header_checks map: FROB x\n");
}

static void
rejects(const char *main_cf, const char *text, const char *want,
    const char *want_log)
{
	struct outcome o;
	char got[300];

	run(main_cf, text, strlen(text), &o);
	(void)snprintf(got, sizeof got, "%d %s %s", o.verdict.code,
	    o.verdict.code != 0 ? o.verdict.dsn : "",
	    o.verdict.code != 0 ? o.verdict.text : "");
	is(got, want, "%s: %s", main_cf, want);
	ok(strstr(o.log, want_log) != NULL, "logged: %s", want_log);
	if (strstr(o.log, want_log) == NULL)
		printf("# %s", o.log);
	forget(&o);
}

static void
test_rejections(void)
{
	static const char nested[] =
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: multipart/mixed; boundary=c\n\n--c\n"
	    "Content-Type: multipart/mixed; boundary=d\n\n--d\n";

	rejects("header_checks = pcre:{{/^From/ REJECT}}\n", plain,
	    "550 5.7.1 message content rejected",
	    "ABC: reject: header From: a" FROM
	    ": 5.7.1 message content rejected\n");
	rejects("header_checks = pcre:{{/^From/ REJECT go away}}\n", plain,
	    "550 5.7.1 go away",
	    "reject: header From: a" FROM ": 5.7.1 go away\n");
	rejects("body_checks = pcre:{{/^w/ REJECT 5.6.7 no}}\n", plain,
	    "550 5.6.7 no", "reject: body world" FROM ": 5.6.7 no\n");
	rejects("body_checks = pcre:{{/^w/ REJECT 4.7.1 later}}\n", plain,
	    "451 4.7.1 later", "reject: body world" FROM ": 4.7.1 later\n");
	rejects("body_checks = pcre:{{/^w/ REJECT 2.0.0 fine}}\n", plain,
	    "451 4.0.0 fine",
	    "warning: bad DSN action in 2.0.0 fine -- need 4.x.x or 5.x.x\n");
	rejects("header_checks = pcre:{{/^S/ REJECT 1}, {/^F/ REJECT 2}}\n",
	    plain, "550 5.7.1 1", "5.7.1 1\n");
	rejects("header_checks = fail:x\n", plain,
	    "451 4.3.0 Error: queue file write error",
	    "warning: ABC: header_checks map lookup problem -- message not "
	    "accepted, try again later\n");
	rejects("strict_7bit_headers = yes\n", "A: \xc3\xa4\n\nx\n",
	    "550 5.6.0 improper use of 8-bit data in message header",
	    "ABC: reject: mime-error improper use of 8-bit data in message "
	    "header: A: \xc3\xa4" FROM_SHORT "\n");
	rejects("strict_8bitmime_body = yes\n", "A: b\n\n\xe4\n",
	    "550 5.6.0 improper use of 8-bit data in message body", "");
	rejects("strict_mime_encoding_domain = yes\n",
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: base64\n\nx\n",
	    "550 5.6.0 invalid message/* or multipart/* encoding domain",
	    "mime-error invalid message/* or multipart/* encoding domain: "
	    "base64" FROM_SHORT "\n");
	/* Hostile row 79. */
	rejects("mime_nesting_limit = 1\nheader_checks = inline:{x=OK}\n",
	    nested, "550 5.6.0 MIME nesting exceeds safety limit",
	    "mime-error MIME nesting exceeds safety limit: Content-Type: "
	    "multipart/mixed; boundary=d" FROM_SHORT "\n");
}

static void
effects(const char *main_cf, const char *want, const char *want_log)
{
	static const char *const names[] = { "PREPEND", "FILTER", "REDIRECT",
		"BCC", "HOLD", "DISCARD", "SLEEP" };
	struct outcome o;
	struct buf got = { 0 };

	run(main_cf, plain, strlen(plain), &o);
	for (struct effect *e = o.verdict.effects; e != NULL; e = e->next)
		buf_printf(&got, "%s %s;", names[e->kind], e->text);
	if (o.verdict.done)
		buf_puts(&got, "done");
	is(buf_str(&got), want, "%s: %s", main_cf, want);
	is(buf_str(&o.sink.out), plain, "the content stays");
	ok(o.verdict.code == 0, "and passes");
	ok(strstr(o.log, want_log) != NULL, "logged: %s", want_log);
	if (strstr(o.log, want_log) == NULL)
		printf("# %s", o.log);
	buf_free(&got);
	forget(&o);
}

static void
test_effects(void)
{
	effects("header_checks = pcre:{{/./ HOLD x}}\n", "HOLD x;",
	    "hold: header Subject: x? y" FROM ": x\n");
	effects("header_checks = pcre:{{/^S/ DISCARD}, {/^F/ REJECT}}\n",
	    "DISCARD ;done", "discard: header Subject: x? y" FROM "\n");
	effects("header_checks = pcre:{{/^S/ FILTER a:b}, {/^F/ FILTER c:d}}\n",
	    "FILTER c:d;", "filter: header From: a" FROM ": c:d\n");
	effects("header_checks = pcre:{{/^S/ REDIRECT u@v}, {/^F/ REJECT}}\n",
	    "REDIRECT u@v;done",
	    "redirect: header Subject: x? y" FROM ": u@v\n");
	effects("header_checks = pcre:{{/./ BCC u@v}}\n", "BCC u@v;",
	    "bcc: header From: a" FROM ": u@v\n");
	effects("header_checks = pcre:{{/^S/ PASS}, {/^F/ REJECT}}\n"
		"body_checks = pcre:{{/./ REJECT}}\n",
	    "done", "pass: header Subject: x? y" FROM "\n");
}

/* Which table is asked about what (facts, section 3). */
static void
test_classes(void)
{
	static const char text[] =
	    "Subject: s\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n"
	    "X-Part: 1\nContent-Type: message/rfc822\n\n"
	    "Subject: nested\nContent-ID: 2\n\ntext\n--b--\nepilogue\n";
	static const char *const lists[] = { "header_checks",
		"mime_header_checks", "nested_header_checks", "body_checks" };
	static const char *const want[] = { "Subject: s;",
		"MIME-Version: 1.0;Content-Type: multipart/mixed; boundary=b;"
		"X-Part: 1;Content-Type: message/rfc822;Content-ID: 2;",
		"Subject: nested;", "preamble;--b;text;--b--;epilogue;" };

	for (size_t i = 0; i < 4; i++) {
		struct outcome o;
		char main_cf[200];
		struct buf got = { 0 };

		(void)snprintf(main_cf, sizeof main_cf,
		    "mime_header_checks =\nnested_header_checks =\n"
		    "%s = pcre:{{/./ INFO}}\n",
		    lists[i]);
		run(main_cf, text, strlen(text), &o);
		for (char *p = o.log; (p = strstr(p, ": info: ")) != NULL;) {
			p += strlen(": info: ");
			p = strchr(p, ' ') + 1;
			buf_put(
			    &got, p, (size_t)(strstr(p, " from client") - p));
			buf_putc(&got, ';');
		}
		is(buf_str(&got), want[i], "%s", lists[i]);
		is(buf_str(&o.sink.out), text, "nothing is changed");
		buf_free(&got);
		forget(&o);
	}
}

static void
test_limits(void)
{
	struct outcome o;
	struct buf text = { 0 };

	/* Hostile row 34 and body_checks_size_limit, which starts again at
	 * each part. */
	check("body_checks_size_limit = 6\nbody_checks = pcre:{{/o/ IGNORE}}\n",
	    plain, "Subject: x\n y\nFrom: a\n\n\nworld\n", "");
	check("body_checks_size_limit = 1\nbody_checks = pcre:{{/x/ IGNORE}}\n",
	    "Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nx\n",
	    "Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nx\n", "");
	check("body_checks_size_limit = 2\nbody_checks = pcre:{{/x/ IGNORE}}\n",
	    "Content-Type: multipart/mixed; boundary=b\n\nx\n--b\n\nx\nx\n",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n", "");

	/* Long lines are looked at in pieces of line_length_limit. */
	buf_puts(&text, "A: b\n\n");
	for (int i = 0; i < 63; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "spam\nspam\n");
	run("body_checks = pcre:{{/spam/ WARN}}\n", text.data, text.len, &o);
	ok(strstr(o.log, "body spam from") != NULL &&
		strstr(o.log, "xspam") == NULL,
	    "a word across two pieces is not seen, as in Postfix");
	is(buf_str(&o.sink.out), buf_str(&text), "and nothing is changed");
	forget(&o);

	/* Hostile row 35: a header is cut, 200 octets of it are logged. */
	buf_reset(&text);
	buf_puts(&text, "A:");
	for (int i = 0; i < 10000; i++)
		buf_puts(&text, " b\n c");
	buf_puts(&text, "\nB: x\n\n");
	run("header_checks = pcre:{{/^(A:)/ INFO}}\n", text.data, text.len, &o);
	ok(o.sink.out.len < 300 + 64 + 10, "cut at header_size_limit");
	ok(strstr(o.log, "info: header A: b? c b? c b?") != NULL &&
		strlen(o.log) < 400,
	    "a line of the log is bounded");
	forget(&o);
	buf_free(&text);
}

/* Hostile rows 31, 36 and 62. */
static void
test_octets(void)
{
	static const char nul[] = "A: b\0c\n\nd\0spam\n";
	const struct event_by by = { .program = "smtpd" };
	const struct subject subject = { .arena = arena,
		.by = &by,
		.client_name = "x",
		.client_addr = "y" };
	struct content_match match = { .subject = &subject,
		.table = "header_checks",
		.header = true,
		.longest = 100,
		.content = "A: b",
		.value = "REPLACE B: \nC: d\r\re" };
	const char *result = "";
	struct outcome o;
	struct buf text = { 0 };
	size_t lines = 0;

	run("body_checks = pcre:{{/spam/ REJECT}}\n", nul, sizeof nul - 1, &o);
	ok(o.verdict.code == 550, "a NUL hides nothing");
	ok(o.sink.out.len == sizeof nul - 1 &&
		memcmp(o.sink.out.data, nul, sizeof nul - 1) == 0,
	    "and goes through");
	forget(&o);

	/* A folded value that is used again stays one header. */
	run("header_checks = pcre:{{/^Subject: (.*)/ REPLACE X: $$1}, "
	    "{/^A: x(\\s)(.*)/ REPLACE B: $${1}C: d$$2}}\n",
	    "Subject: a\n b\nA: x\n y\n\n", 23, &o);
	is(buf_str(&o.sink.out), "X: a\n b\nB:  C: d y\n\n",
	    "no text of a table begins a header: %s", buf_str(&o.sink.out));
	forget(&o);

	/* Nor does what a table could be made to say. */
	match.verdict = &o.verdict;
	match.scratch = arena;
	content_verdict_begin(&o.verdict, arena);
	ok(content_action(&match, &result) == CONTENT_REPLACE &&
		strcmp(result, "B: \n\tC: d  e") == 0,
	    "a line of a header goes on with white space");
	match.header = false;
	ok(content_action(&match, &result) == CONTENT_REPLACE &&
		strcmp(result, "B:  C: d  e") == 0,
	    "a line of the body is one");
	match.longest = 5;
	ok(content_action(&match, &result) == CONTENT_REPLACE &&
		strcmp(result, "B:  C") == 0,
	    "and none is longer than a header may be");

	buf_puts(&text, "A: ");
	for (int c = 1; c < 256; c++)
		if (c != '\n')
			buf_putc(&text, (char)c);
	buf_puts(&text, "\n\n");
	run("header_checks = pcre:{{/^A: ((?s).*)/ REPLACE B: $$1}}\n",
	    text.data, text.len, &o);
	for (size_t i = 0; i < o.sink.out.len; i++)
		lines += o.sink.out.data[i] == '\n';
	ok(lines == 2 && memchr(o.sink.out.data, '\r', o.sink.out.len) == NULL,
	    "every octet in a header, and still one line");
	forget(&o);
	buf_free(&text);
}

static void
test_convert(void)
{
	check("force_mime_input_conversion = yes\n",
	    "Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n"
	    "\xe4 \n",
	    "Content-Type: text/plain\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4=20\n",
	    "");
}

static void
test_idle(void)
{
	struct err err = { "" };
	struct conf *conf = conf_parse(
	    "main.cf", "detect_8bit_encoding_header = no\n", tables, &err);
	struct content_lists *checks =
	    content_lists_open(conf, NULL, 1000, 1000, &err);

	ok(content_lists_idle(checks) && !content_lists_block(checks),
	    "there may be nothing to check");
	content_lists_close(checks);
	conf_free(conf);
	conf = conf_parse(
	    "main.cf", "header_checks = pcre:/nonexistent\n", tables, &err);
	checks = content_lists_open(conf, NULL, 1000, 1000, &err);
	ok(strstr(err.text, "main.cf:1: header_checks: ") == err.text &&
		strchr(err.text, '\n') == NULL,
	    "a table that is not there is told once: %s", err.text);
	content_lists_close(checks);
	conf_free(conf);
}

int
main(void)
{
	rig_begin();
	test_edits();
	test_mistakes();
	test_rejections();
	test_effects();
	test_classes();
	test_limits();
	test_octets();
	test_convert();
	test_idle();
	return rig_end();
}
