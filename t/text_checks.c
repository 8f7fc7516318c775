/* Patterns on decoded text, in messages as they stream by. */
#include "checks/text_checks.h"

#include "t/content_rig.h"

static struct content_verdict verdict;
static char log_text[65536];

/* The verdict and the log of one message with this text_checks. */
static void
run_octets(const char *main_cf, const char *text, size_t len)
{
	struct subject subject = {
		.arena = arena,
		.world = &world.world,
		.client_name = "c.example",
		.client_addr = "192.0.2.1",
		.queue_id = "ABC",
	};
	struct err err = { "" };
	struct conf *conf = conf_parse("main.cf", main_cf, tables, &err);
	struct text_checks *checks;
	struct sink sink = { .stage = { .ops = &sink_ops } };

	must(conf != NULL);
	must(ftruncate(log_fd, 0) == 0);
	arena_reset(arena);
	checks = text_checks_open(conf, NULL, 2000, 64, &err);
	must(checks != NULL);
	content_verdict_begin(&verdict, arena);
	feed(text_checks_new(checks, &subject, &verdict, &sink.stage), text,
	    len, 11);
	ok(sink.ended && sink.out.len == len &&
		memcmp(sink.out.data, text, len) == 0,
	    "the message goes through as it is");
	memset(log_text, 0, sizeof log_text);
	must(pread(log_fd, log_text, sizeof log_text - 1, 0) >= 0);
	text_checks_close(checks);
	conf_free(conf);
	buf_free(&sink.out);
}

static void
run(const char *main_cf, const char *text)
{
	run_octets(main_cf, text, strlen(text));
}

/* A word is found, or not.  "$" is "$$" in main.cf. */
static void
finds(const char *pattern, const char *text, bool found, const char *what)
{
	struct buf main_cf = { 0 };

	buf_puts(&main_cf, "text_checks = pcre:{{/");
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '$')
			buf_putc(&main_cf, '$');
		buf_putc(&main_cf, *p);
	}
	buf_puts(&main_cf, "/ REJECT found}}\n");
	run(buf_str(&main_cf), text);
	buf_free(&main_cf);
	ok((verdict.code == 550) == found, "%s: %s", what, log_text);
}

#define HTML "MIME-Version: 1.0\nContent-Type: text/html\n"

static void
test_headers(void)
{
	finds("^Subject: viagra$",
	    "Subject: =?utf-8?B?dmlh?=\n =?utf-8?Q?gra?=\n\n", true,
	    "a subject in encoded words");
	finds("^Subject: a\\tb$", "Subject: a\n\tb\n\n", false,
	    "blanks of a folded header");
	finds("^Subject: a b$", "Subject: a\n\tb\n\n", true, "are blanks");
	finds("^X: viagra$", "X: v\xe2\x80\x8biagra\n\n", true,
	    "what nobody sees");
	finds("^X: inner$",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    "Content-Type: message/rfc822\n\nX: =?utf-8?Q?inner?=\n\n--b--\n",
	    true, "a header within");
	run("text_checks = pcre:{{/found/ WARN}}\n",
	    "Subject: =?utf-8?Q?found?=\n\nfound\n");
	ok(strstr(log_text,
	       "ABC: warning: header Subject: found from c.example[192.0.2.1]") !=
		    NULL &&
		strstr(log_text,
		    "ABC: warning: text found from c.example[192.0.2.1]") !=
		    NULL,
	    "the log says where: %s", log_text);
	ok(verdict.nnotes == 2, "and weir explain is told");
}

static void
test_texts(void)
{
	finds("^viagra now$", "X: y\n\nviagra now\n", true, "a plain text");
	finds("^viagra$",
	    "Content-Transfer-Encoding: base64\n\nd\nml\nhZ\n3Jh\n", true,
	    "base64");
	finds("^viagra$",
	    "Content-Transfer-Encoding: Quoted-Printable\n\nv=69a=\ngra\n",
	    true, "quoted-printable");
	finds("^=69$", "Content-Transfer-Encoding: 8bit\n\n=69\n", true,
	    "no encoding");
	finds("^\xc3\xa4$",
	    "Content-Type: text/plain; charset=\"ISO-8859-1\"\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n",
	    true, "a charset");
	finds("^viagra$",
	    "Content-Type: text/plain; charset=utf-16le\n"
	    "Content-Transfer-Encoding: base64\n\ndgBpAGEAZwByAGEA\n",
	    true, "UTF-16");
	finds("viagra",
	    "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
	    "dmlhZ3Jh\n",
	    false, "a picture is not text");
	finds("viagra",
	    "Content-Type: nonsense\nContent-Transfer-Encoding: base64\n\n"
	    "dmlhZ3Jh\n",
	    true, "what says nothing is text");
}

static void
test_html(void)
{
	finds("^buy viagra$", HTML "\n<p>buy\nvia<!-- x -->gra</p>\n", true,
	    "a word with a comment in it");
	finds("^buy viagra$",
	    HTML "Content-Transfer-Encoding: base64\n\n"
		 "PHA+YnV5IHZpPGI+PC9iPmEmIzEwMztyYTwvcD4=\n",
	    true, "tags, entities and base64");
	finds("href=bad\\.example",
	    HTML "Content-Transfer-Encoding: base64\n\n"
		 "PGEgaHJlZj1iYWQuZXhhbXBsZT54PC9hPg==\n",
	    true, "the source is asked about, too");
	finds("^viagra", "Content-Type: text/plain\n\nvia<b></b>gra\n", false,
	    "what is no HTML");
	finds("^viagra$",
	    "Content-Disposition: attachment; filename=\"x.HTML\"\n"
	    "Content-Type: application/octet-stream\n\nvia<b></b>gra\n",
	    true, "what is called HTML");
	finds("viagra$", HTML "\n<script>x</script>&shy;via&shy;gra", true,
	    "no line end");
}

static void
test_parts(void)
{
	static const char nested[] =
	    "Content-Type: multipart/mixed; boundary=b\n\n"
	    "preamble\n--b\n"
	    "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
	    "b25l\n--b\n"
	    "\ntwo=41\n--b\n"
	    "Content-Type: message/rfc822\n\n"
	    "Content-Transfer-Encoding: quoted-printable\n\nthr=65e\n--b--\n"
	    "epilogue\n";

	finds("^preamble$", nested, true, "before the parts");
	finds("^one$", nested, true, "a part in base64");
	finds("^two=41$", nested, true, "a part without headers");
	finds("^three$", nested, true, "a message within");
	finds("^epilogue$", nested, true, "behind the parts");
	finds("^--b", nested, false, "boundaries are no text");
	/* Encodings that contradict each other, or may not be there. */
	finds("^viagra$",
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Transfer-Encoding: 7bit\n\ndmlhZ3Jh\n",
	    true, "two encodings: the one");
	finds("^viagra$",
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Transfer-Encoding: 7bit\n\nviagra\n",
	    true, "two encodings: the other");
	finds("^Subject: viagra$",
	    "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n"
	    "\nU3ViamVjdDogdmlhZ3Jh\n",
	    true, "a message that is encoded as a whole");
	finds("^viagra$",
	    "Content-Type: multipart/mixed; boundary=b\n"
	    "Content-Transfer-Encoding: base64\n\ndmlhZ3Jh\n",
	    true, "parts that are encoded as a whole");
	finds("^viagra$",
	    "Content-Type: image/png\nContent-Type: text/plain\n\nviagra\n",
	    true, "two types");
}

static void
test_limits(void)
{
	char text[400];
	struct buf deep = { 0 };

	/* Lines of 64 octets, and pieces that have 16 in common. */
	for (int at = 0; at < 200; at += 7) {
		(void)snprintf(text, sizeof text, "X: y\n\n%0*d%s%0*d\n",
		    at + 1, 0, "sixteen octets!!", 220 - at, 0);
		finds("sixteen octets!!", text, true, "a word at a cut");
	}
	run("text_checks = pcre:{{/^.{65}/ REJECT}}\n", text);
	ok(verdict.code == 0, "no line is longer");
	run("text_checks_size_limit = 5\n"
	    "text_checks = pcre:{{/b/ REJECT}}\n",
	    "X: y\n\naaa\nbbb\n");
	ok(verdict.code == 0, "text_checks_size_limit");
	run("text_checks_size_limit = 6\n"
	    "text_checks = pcre:{{/b/ REJECT}}\n",
	    "X: y\n\naaa\nbbb\n");
	ok(verdict.code == 550, "and what is within");
	run_octets("text_checks = pcre:{{/viagra/ REJECT}}\n",
	    "X: y\n\nv\0iagra\n", 14);
	ok(verdict.code == 550, "a NUL hides nothing");
	for (int i = 0; i < 6; i++)
		buf_printf(&deep,
		    "Content-Type: multipart/mixed; boundary=%d\n\n"
		    "--%d\n",
		    i, i);
	run("mime_nesting_limit = 3\ntext_checks = pcre:{{/x/ WARN}}\n",
	    buf_str(&deep));
	ok(verdict.code == 550 && strcmp(verdict.dsn, "5.6.0") == 0,
	    "parts in parts in parts: %d", verdict.code);
	buf_free(&deep);
}

static void
test_actions(void)
{
	static const char *const edits[] = { "PREPEND x", "REPLACE x", "IGNORE",
		"STRIP" };
	char main_cf[200], want[200];

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(main_cf, sizeof main_cf,
		    "text_checks = pcre:{{/^b/ %s}}\n", edits[i]);
		(void)snprintf(want, sizeof want,
		    "warning: unsupported command in text_checks map: %s\n",
		    edits[i]);
		run(main_cf, "X: y\n\nb\n");
		ok(strstr(log_text, want) != NULL, "%s", log_text);
	}
	run("text_checks = pcre:{{/^b/ HOLD}, {/^c/ REDIRECT a@b.example}}\n",
	    "X: y\n\nb\nc\nb\n");
	ok(content_verdict_has(&verdict, EFFECT_HOLD) &&
		content_verdict_has(&verdict, EFFECT_REDIRECT) && verdict.done,
	    "HOLD and REDIRECT");
	run("text_checks = pcre:{{/^b/ PASS}, {/^c/ REJECT}}\n",
	    "X: y\n\nb\nc\n");
	ok(verdict.code == 0, "PASS");
	run("text_checks = pcre:{{/^b/ REJECT 4.7.1 later}}\n", "X: y\n\nb\n");
	ok(verdict.code == 451, "REJECT for now");
	run("text_checks = pcre:{{/^b/ NONSENSE}}\n", "X: y\n\nb\n");
	ok(strstr(log_text, "command in text_checks map: NONSENSE") != NULL,
	    "no action: %s", log_text);
}

static void
test_tables(void)
{
	struct err err = { "" };
	struct conf *conf = conf_parse("main.cf", "", tables, &err);
	struct text_checks *checks =
	    text_checks_open(conf, NULL, 100, 100, &err);

	ok(checks == NULL && err.text[0] == '\0', "no tables, no stage");
	text_checks_close(checks);
	conf_free(conf);
	conf = conf_parse(
	    "main.cf", "text_checks = pcre:/no/such/file\n", tables, &err);
	checks = text_checks_open(conf, NULL, 100, 100, &err);
	ok(checks != NULL && strstr(err.text, "text_checks") != NULL,
	    "a table that is not there: %s", err.text);
	text_checks_close(checks);
	conf_free(conf);
}

int
main(void)
{
	rig_begin();
	test_headers();
	test_texts();
	test_html();
	test_parts();
	test_limits();
	test_actions();
	test_tables();
	return rig_end();
}
