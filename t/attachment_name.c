/* Names of attachments, in every way in which they may be read. */
#include "checks/attachment_name.h"

#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

static void
take(void *arg, const char *text, size_t len)
{
	buf_put(arg, text, len);
	buf_putc(arg, '\n');
}

/* The names, each once, "|" between them. */
static void
names(const char *header, const char *want)
{
	struct buf all = { 0 }, once = { 0 };
	struct attachment_name_sink sink = { take, &all };
	char *line, *rest;

	(void)attachment_name_find(header, strlen(header), &sink);
	buf_puts(&all, "");
	buf_putc(&once, '|');
	for (line = strtok_r(
		 all.data != NULL ? all.data : (char[]){ "" }, "\n", &rest);
	     line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		struct buf key = { 0 };

		buf_printf(&key, "|%s|", line);
		if (strstr(buf_str(&once), buf_str(&key)) == NULL)
			buf_printf(&once, "%s|", line);
		buf_free(&key);
	}
	is(buf_str(&once), want, "%s: %s", header, buf_str(&once));
	buf_free(&all);
	buf_free(&once);
}

static void
test_forms(void)
{
	names("text/plain", "|");
	names("a/b; name=x.exe", "|x.exe|");
	names("a/b; NAME = \"x.exe\"; filename=y", "|x.exe|y|");
	names("a/b; name=\"a b.exe\"", "|a b.exe|");
	/* Quotes, blanks, semicolons. */
	names("a/b; name=my file.exe; x=y", "|my|my file.exe|");
	names("a/b; name=\"x;y.exe\"", "|x;y.exe|");
	names("a/b; name=\"x.exe", "|x.exe|");
	names("a/b; name=\"x.pdf\".exe", "|x.pdf|x.pdf.exe|");
	names("a/b; name='x.exe'", "|'x.exe'|x.exe|");
	names("a/b; name=\"a\\\"b.exe\"", "|a\"b.exe|a\\\"b.exe|");
	names("a/b; name=\"c:\\x.exe\"", "|c:x.exe|c:\\x.exe|");
	names("a/b name=x.exe", "|x.exe|");
	names("a/b; x=\"; name=y.exe\"", "|y.exe\"|y.exe|");
	names("a/b; myname=x.exe", "|");
	names("a/b; name", "|");
	names("a/b; name=", "|");
	names("a/b; name=\"x.e\n xe\"", "|x.e xe|x.exe|");
	names("a/b; name=a; name=b", "|a|b|");
}

static void
test_codes(void)
{
	/* RFC 2047 in parameters, which it forbids and everybody does. */
	names("a/b; name=\"=?utf-8?B?eC5leGU=?=\"",
	    "|=?utf-8?B?eC5leGU=?=|x.exe|");
	names("a/b; name==?utf-8?Q?x=2Eexe?=", "|=?utf-8?Q?x=2Eexe?=|x.exe|");
	names("a/b; name=\"=?utf-8?Q?x=2E?=\n =?utf-8?Q?exe?=\"",
	    "|=?utf-8?Q?x=2E?= =?utf-8?Q?exe?=|x.exe|"
	    "=?utf-8?Q?x=2E?==?utf-8?Q?exe?=|");
	/* RFC 2231. */
	names("a/b; name*=us-ascii'en'x%2Eexe",
	    "|us-ascii'en'x%2Eexe|us-ascii'en'x.exe|x.exe|");
	names("a/b; name*=iso-8859-1''%E4.exe",
	    "|iso-8859-1''%E4.exe|iso-8859-1''\xc3\xa4.exe|\xc3\xa4.exe|");
	names("a/b; name*=x%2Eexe", "|x%2Eexe|x.exe|");
	names("a/b; name*0=\"in\"; name*1=\"v.exe\"", "|in|v.exe|inv.exe|");
	names("a/b; name*1=v.exe; name*0=in", "|v.exe|in|v.exein|inv.exe|");
	names(
	    "a/b; name*0=x; name*0=y; name*1=.exe", "|x|y|.exe|xy.exe|x.exe|");
	names("a/b; name*0*=utf-8''%C3; name*1*=%A4.; name*2=exe",
	    "|utf-8''%C3|utf-8''\xc3\x83|\xc3\x83|%A4.|%A4|\xc2\xa4.|\xc2\xa4|"
	    "exe|\xc3\xa4.exe|");
	names("a/b; name*99999999999=x", "|x|");
	names("a/b; filename*x=y", "|");
	/* Percent signs that nobody announced. */
	names("a/b; name=\"x%2eexe\"", "|x%2eexe|x.exe|");
	names("a/b; name=100%", "|100%|");
	names("a/b; name=\"gr\xfc.exe\"", "|gr\xc3\xbc.exe|");
}

static void
test_systems(void)
{
	static const char nul[] = "x.exe\0.pdf";
	struct buf all = { 0 };
	struct attachment_name_sink sink = { take, &all };

	names("a/b; name=\"x.exe. .\"", "|x.exe. .|x.exe|");
	names("a/b; name=\"x.exe%00.pdf\"", "|x.exe%00.pdf|x.exe.pdf|x.exe|");
	names("a/b; name=\"fdp.\xe2\x80\xae"
	      "exe\"",
	    "|fdp.exe|");
	names("a/b; name=\"...\"", "|...|");
	attachment_name_tell(nul, sizeof nul - 1, &sink);
	is(buf_str(&all), "x.exe.pdf\nx.exe\n", "a NUL: %s", buf_str(&all));
	buf_free(&all);
}

static void
count(void *arg, const char *text, size_t len)
{
	(void)text;
	*(size_t *)arg += len;
}

static void
test_cost(void)
{
	size_t told = 0;
	struct attachment_name_sink sink = { count, &told };
	struct buf text = { 0 };

	for (int i = 0; i < 16; i++)
		buf_puts(&text, "name=a ");
	ok(attachment_name_find(text.data, text.len, &sink), "a few names");
	for (int i = 0; i < 10000; i++)
		buf_puts(&text, i % 2 ? "name=\"a\\\" " : "name=b ");
	told = 0;
	ok(!attachment_name_find(text.data, text.len, &sink),
	    "too many of them");
	ok(told < 100 * text.len, "cost what they may: %zu of %zu", told,
	    text.len);
	buf_free(&text);
}

int
main(void)
{
	test_forms();
	test_codes();
	test_systems();
	test_cost();
	return done_testing();
}
